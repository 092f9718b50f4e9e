// Chroma for rows of pixels, by the triangle filter where it is halved across or down. A part of
// picture.wgsl.
//
// Two samples share a word, in its halves: sums of the filter stay below 2^16.
// Binding: 6 samples.

// Whether chroma is halved across or down.
override ACROSS: bool = true;
override DOWN: bool = true;

const EVEN: u32 = 0x00ff00ffu;
const WORD_SAMPLES: u32 = 2;

@group(0) @binding(6) var<storage, read> samples: array<vec2<u32>>;

// A row of chroma: 8 columns, or where it is halved across 4 columns in w0 and w1, the one before
// them in w2 and the one after in w3. As it is stored, a word has both components.
struct Stored {
  w0: u32,
  w1: u32,
  w2: u32,
  w3: u32,
}

// Cb is in the even bytes, Cr in the odd ones.
fn blueOf(s: Stored) -> Stored {
  return Stored(s.w0 & EVEN, s.w1 & EVEN, s.w2 & EVEN, s.w3 & EVEN);
}

fn redOf(s: Stored) -> Stored {
  return Stored(
    (s.w0 >> 8u) & EVEN, (s.w1 >> 8u) & EVEN, (s.w2 >> 8u) & EVEN, (s.w3 >> 8u) & EVEN);
}

// Three parts of the nearer row and one of the farther.
fn blend(near: Stored, far: Stored) -> Stored {
  return Stored(
    near.w0 * 3u + far.w0, near.w1 * 3u + far.w1, near.w2 * 3u + far.w2, near.w3 * 3u + far.w3);
}

struct Eight {
  a: vec4<i32>,
  b: vec4<i32>,
}

// Triangle filter across.
fn spread(s: Stored) -> Eight {
  let left = select(0x00010001u, 0x00080008u, DOWN);
  let right = select(0x00020002u, 0x00070007u, DOWN);
  let shift = select(2u, 4u, DOWN);
  let before = (s.w0 << 16u) | s.w2;
  let middle = (s.w0 >> 16u) | (s.w1 << 16u);
  let after = (s.w1 >> 16u) | (s.w3 << 16u);
  let a = s.w0 * 3u;
  let b = s.w1 * 3u;
  let p02 = ((a + before + left) >> shift) & EVEN;
  let p13 = ((a + middle + right) >> shift) & EVEN;
  let p46 = ((b + middle + left) >> shift) & EVEN;
  let p57 = ((b + after + right) >> shift) & EVEN;
  return Eight(
    vec4<i32>(vec4(p02 & 0xffffu, p13 & 0xffffu, p02 >> 16u, p13 >> 16u)),
    vec4<i32>(vec4(p46 & 0xffffu, p57 & 0xffffu, p46 >> 16u, p57 >> 16u)),
  );
}

// Eight columns that stand for a pixel each, after the triangle filter down.
fn single(s: Stored, round: u32) -> Eight {
  let w = (vec4(s.w0, s.w1, s.w2, s.w3) + vec4(round)) >> vec4(2u);
  let low = vec4<i32>(w & vec4(0xffu));
  let high = vec4<i32>((w >> vec4(16u)) & vec4(0xffu));
  return Eight(vec4(low.x, high.x, low.y, high.y), vec4(low.z, high.z, low.w, high.w));
}

struct Plane {
  samples: u32,
  pitch: u32, // words from one row to the next
  height: u32,
  first: u32, // row that the picture's first block begins at
  column: u32, // first word of the block's columns
}

// One row of the plane; rows beyond it are its first or last one.
fn load(plane: Plane, row: u32) -> Stored {
  let at = (plane.samples + min(row, plane.height - 1u) * plane.pitch) >> 1u;
  let column = plane.column >> 1u;
  let near = samples[at + column];
  if (!ACROSS) {
    let next = samples[at + column + 1u];
    return Stored(near.x, near.y, next.x, next.y);
  }
  let last = (plane.pitch >> 1u) - 1u;
  let left = samples[at + max(column, 1u) - 1u].y >> 16u;
  let right = samples[at + min(column + 1u, last)].x & 0xffffu;
  return Stored(
    near.x,
    near.y,
    select(left, near.x & 0xffffu, column == 0u),
    select(right, near.y >> 16u, column == last),
  );
}
