// Transforms blocks of luma and converts them to pixels at once: one invocation per BLOCKS blocks of
// 8×8 pixels, one after the other, so that records and divisors are loaded once. For grey pictures,
// 4:4:4 (whose chroma is transformed here too), 4:2:2, 4:4:0 and 4:2:0 (whose chroma comes from
// chroma.wgsl).
//
// Dispatch: the workgroups of all pictures one after the other, folded into x and y; `owners` says
// whose each is. A picture has ceil(blocks / (WORKGROUP · BLOCKS)) of them.
// Bindings: 0 params, 1 to 3 of transform.wgsl, 4 owners, 5 pictures, 6 samples of chroma, 7 pixels.
// Parts: transform before it; upsample; store_rows or store_turned, which say how pixels are stored.

override WORKGROUP: u32 = 32;
override BLOCKS: u32 = 1;
// Whether there is chroma.
override CHROMA: bool = true;

const OPAQUE: u32 = 0xff000000u;
const BLOCK_EDGE: u32 = 8;
const MOST_PICTURES: u32 = 2048;
const CHROMA_FIRST_SHIFT: u32 = 16;
const CHROMA_HEIGHT_MASK: u32 = 0xffffu;

struct Params {
  workgroups: u32,
}

struct Picture {
  firstWorkgroup: u32,
  component: u32, // its first component
  width: u32,
  height: u32,
  base: u32, // where pixel (0, 0) goes, in words
  stepX: u32, // words from one pixel to the next across; may wrap below zero
  stepY: u32, // and down
  chromaHeight: u32, // rows of chroma samples that are there; above 16 bits, those before the first block
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(4) var<storage, read> owners: array<u32>;
@group(0) @binding(5) var<uniform> pictures: array<Picture, MOST_PICTURES>;

// ITU-T T.871, with libjpeg's 16-bit constants. Luma is shifted left by 16. What is stored comes from
// clamp(), as LLVM moves other arithmetic into the loop over lanes that a CPU adapter stores by.
fn convert(luma: vec4<i32>, blue: vec4<i32>, red: vec4<i32>) -> vec4<u32> {
  let zero = vec4(0);
  let top = vec4(0xffffff);
  let r = clamp(luma + red * 91881 + vec4(32768 - 128 * 91881), zero, top);
  let g = clamp(
    luma - blue * 22554 - red * 46802 + vec4(32768 + 128 * (22554 + 46802)), zero, top);
  let b = (luma + blue * 116130 + vec4(32768 - 128 * 116130)) & vec4(-65536);
  let rest = (r >> vec4(16u)) | ((g >> vec4(8u)) & vec4(0xff00)) | vec4(bitcast<i32>(OPAQUE));
  return bitcast<vec4<u32>>(clamp(rest + b, rest, rest + vec4(0xff0000)));
}

// The four bytes of a word.
fn unpack(word: u32) -> vec4<u32> {
  return (vec4(word) >> vec4(0u, 8u, 16u, 24u)) & vec4(255u);
}

fn unpackShifted(word: u32) -> vec4<i32> {
  return vec4<i32>(
    vec4(word << 16u, word << 8u, word, word >> 8u) & vec4(0xff0000u));
}

// Eight pixels of a row.
struct Pixels {
  a: vec4<u32>,
  b: vec4<u32>,
}

fn greyRow(luma: vec2<u32>) -> Pixels {
  return Pixels(
    (unpack(luma.x) * 0x010101u) | vec4(OPAQUE), (unpack(luma.y) * 0x010101u) | vec4(OPAQUE));
}

fn fullRow(luma: vec2<u32>, blue: vec2<u32>, red: vec2<u32>) -> Pixels {
  return Pixels(
    convert(unpackShifted(luma.x), vec4<i32>(unpack(blue.x)), vec4<i32>(unpack(red.x))),
    convert(unpackShifted(luma.y), vec4<i32>(unpack(blue.y)), vec4<i32>(unpack(red.y))),
  );
}

// `round` is for the triangle filter down alone.
fn halvedRow(luma: vec2<u32>, near: Stored, far: Stored, round: u32) -> Pixels {
  var b = blueOf(near);
  var r = redOf(near);
  if (DOWN) {
    b = blend(b, blueOf(far));
    r = blend(r, redOf(far));
  }
  var blue: Eight;
  var red: Eight;
  if (ACROSS) {
    blue = spread(b);
    red = spread(r);
  } else {
    blue = single(b, round);
    red = single(r, round);
  }
  return Pixels(
    convert(unpackShifted(luma.x), blue.a, red.a), convert(unpackShifted(luma.y), blue.b, red.b));
}

struct Place {
  picture: u32,
  column: u32, // of blocks
  row: u32, // of blocks
  inside: bool,
}

fn place(picture: u32, luma: Component, block: u32) -> Place {
  let blockRow = quotient(block, luma.blocksWide);
  return Place(picture, block - blockRow * luma.blocksWide, blockRow, block < luma.blocks);
}

// What is left of a block's rows: the next two are in r0 and r1.
fn advance(s: Bytes) -> Bytes {
  return Bytes(s.r2, s.r3, s.r4, s.r5, s.r6, s.r7, s.r6, s.r7);
}

fn planeOf(p: Place) -> Plane {
  let blue = components[pictures[p.picture].component + 1u];
  return Plane(
    blue.samples,
    blue.blocksWide * (BLOCK_EDGE / WORD_SAMPLES),
    pictures[p.picture].chromaHeight & CHROMA_HEIGHT_MASK,
    pictures[p.picture].chromaHeight >> CHROMA_FIRST_SHIFT,
    p.column * select(BLOCK_EDGE, BLOCK_EDGE / 2u, ACROSS) / WORD_SAMPLES,
  );
}

// Where the invocation is in its block: two rows of pixels at a time, as all eight at once are more
// code than a CPU's instruction cache holds.
struct Progress {
  luma: Bytes,
  blue: Bytes,
  red: Bytes,
  above: Stored,
  near: Stored,
}

fn begin(p: Place, plane: Plane, luma: Component, divisors: Zigzag) -> Progress {
  var s: Progress;
  let first = pictures[p.picture].component;
  if (CHROMA && !ACROSS && !DOWN) {
    for (var i = 0u; i < 3u; i++) {
      s.luma = s.blue;
      s.blue = s.red;
      s.red = blockSamples(components[first + i], p.column, p.row);
    }
  } else {
    s.luma = samplesOf(fetchBlock(luma, p.column, p.row), divisors);
  }
  if (CHROMA && DOWN) {
    let y = plane.first + p.row * (BLOCK_EDGE / 2u);
    s.above = load(plane, max(y, 1u) - 1u);
    s.near = load(plane, y);
  }
  return s;
}

struct RowPair {
  first: Pixels,
  second: Pixels,
}

fn rowPair(s: ptr<function, Progress>, plane: Plane, y: u32) -> RowPair {
  let luma0 = (*s).luma.r0;
  let luma1 = (*s).luma.r1;
  (*s).luma = advance((*s).luma);
  if (!CHROMA) {
    return RowPair(greyRow(luma0), greyRow(luma1));
  }
  if (DOWN) {
    let near = (*s).near;
    let below = load(plane, plane.first + y / 2u + 1u);
    let above = (*s).above;
    (*s).above = near;
    (*s).near = below;
    return RowPair(
      halvedRow(luma0, near, above, 0x00010001u), halvedRow(luma1, near, below, 0x00020002u));
  }
  if (ACROSS) {
    let first = load(plane, plane.first + y);
    let second = load(plane, plane.first + y + 1u);
    return RowPair(halvedRow(luma0, first, first, 0u), halvedRow(luma1, second, second, 0u));
  }
  let blue = (*s).blue;
  let red = (*s).red;
  (*s).blue = advance(blue);
  (*s).red = advance(red);
  return RowPair(fullRow(luma0, blue.r0, red.r0), fullRow(luma1, blue.r1, red.r1));
}

fn draw(owner: u32, picture: Picture, luma: Component, divisors: Zigzag, block: u32) {
  let p = place(owner, luma, block);
  if (!p.inside) {
    return;
  }
  let plane = planeOf(p);
  var s = begin(p, plane, luma, divisors);
  let x = p.column * BLOCK_EDGE;
  let y = p.row * BLOCK_EDGE;
  for (var row = 0u; row < BLOCK_EDGE; row += 2u) {
    let pair = rowPair(&s, plane, y + row);
    store(picture, x, y + row, pair.first);
    store(picture, x, y + row + 1u, pair.second);
  }
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let workgroup = group.x + group.y * groups.x;
  if (workgroup >= params.workgroups) {
    return;
  }
  let owner = owners[workgroup];
  let picture = pictures[owner];
  let luma = components[picture.component];
  let divisors = divisorsOf(luma);
  let first = (workgroup - picture.firstWorkgroup) * BLOCKS;
  // No loop where there is no need, as its mask costs a CPU more than the loads that it saves.
  if (BLOCKS == 1u) {
    draw(owner, picture, luma, divisors, first * WORKGROUP + local);
    return;
  }
  for (var i = 0u; i < BLOCKS; i++) {
    draw(owner, picture, luma, divisors, (first + i) * WORKGROUP + local);
  }
}
