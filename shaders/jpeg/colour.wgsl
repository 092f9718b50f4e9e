// Upsamples and converts the common sampling ratios: grey, 4:4:4, 4:2:2, 4:4:0 and 4:2:0. One
// invocation per tile of 16 pixels in 2 rows. Two samples share a word, in its halves: sums of the
// triangle filter stay below 2^16.
//
// Dispatch: the workgroups of all images one after the other, folded into x and y; `owners` says
// whose each is. An image has ceil(tiles / WORKGROUP) of them. Rows of pixels are a multiple of 16
// pixels apart, so a tile may write beyond the picture's width, but not beyond its height.

override WORKGROUP: u32 = 32;
// Whether there is chroma, and whether it is halved across or down.
override CHROMA: bool = true;
override ACROSS: bool = true;
override DOWN: bool = true;

const EVEN: u32 = 0x00ff00ffu;
const OPAQUE: u32 = 0xff000000u;
const TILE_ROWS: u32 = 2;
// Vectors of 8 samples, and of 4 pixels, in a row of a tile.
const TILE_LUMA: u32 = 2;
const TILE_PIXELS: u32 = 4;

struct Params {
  workgroups: u32,
}

struct Component {
  samples: u32, // first word of its plane
  pitch: u32, // words from one row to the next
  width: u32, // samples across
  height: u32, // rows of samples
  reserved: vec4<u32>,
}

struct Image {
  firstWorkgroup: u32,
  width: u32,
  height: u32,
  colour: u32,
  base: u32, // where the pixel (0, 0) goes, in words
  stepX: u32,
  stepY: u32, // words from one row of pixels to the next
  tiles: u32, // tiles across
  components: array<Component, 3>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> samples: array<vec2<u32>>;
@group(0) @binding(2) var<storage, read> images: array<Image>;
@group(0) @binding(3) var<storage, read> owners: array<u32>;
@group(0) @binding(4) var<storage, read_write> pixels: array<vec4<u32>>;

// The even and the odd ones of 4 samples.
struct Samples {
  even: u32,
  odd: u32,
}

// 8 pixels' chroma: pixels 0 and 4, 1 and 5, 2 and 6, 3 and 7.
struct Spread {
  p0: u32,
  p1: u32,
  p2: u32,
  p3: u32,
}

fn split(word: u32) -> Samples {
  return Samples(word & EVEN, (word >> 8u) & EVEN);
}

// Three parts of the nearer row and one of the farther.
fn blend(near: u32, far: u32) -> Samples {
  let n = split(near);
  let f = split(far);
  return Samples(n.even * 3u + f.even, n.odd * 3u + f.odd);
}

// Triangle filter across; `before` and `after` are the columns next to these four.
fn spread(s: Samples, before: u32, after: u32) -> Spread {
  let left = select(0x00010001u, 0x00080008u, DOWN);
  let right = select(0x00020002u, 0x00070007u, DOWN);
  let shift = select(2u, 4u, DOWN);
  let even = s.even * 3u;
  let odd = s.odd * 3u;
  return Spread(
    ((even + ((s.odd << 16u) | before) + left) >> shift) & EVEN,
    ((even + s.odd + right) >> shift) & EVEN,
    ((odd + s.even + left) >> shift) & EVEN,
    ((odd + ((s.even >> 16u) | (after << 16u)) + right) >> shift) & EVEN,
  );
}

// `y` is shifted left by 16. ITU-T T.871, with libjpeg's 16-bit constants.
fn convert(y: u32, cb: u32, cr: u32) -> u32 {
  let luma = i32(y);
  let blue = i32(cb);
  let red = i32(cr);
  let r = clamp(luma + red * 91881 + (32768 - 128 * 91881), 0, 0xffffff);
  let g = clamp(luma - blue * 22554 - red * 46802 + (32768 + 128 * (22554 + 46802)), 0, 0xffffff);
  let b = clamp(luma + blue * 116130 + (32768 - 128 * 116130), 0, 0xffffff);
  return (u32(r) >> 16u) | ((u32(g) >> 8u) & 0xff00u) | (u32(b) & 0xff0000u) | OPAQUE;
}

fn convert4(luma: u32, cb: vec4<u32>, cr: vec4<u32>) -> vec4<u32> {
  return vec4(
    convert((luma & 0xffu) << 16u, cb.x, cr.x),
    convert((luma & 0xff00u) << 8u, cb.y, cr.y),
    convert(luma & 0xff0000u, cb.z, cr.z),
    convert((luma >> 8u) & 0xff0000u, cb.w, cr.w),
  );
}

fn grey4(luma: u32) -> vec4<u32> {
  let bytes = (vec4(luma) >> vec4(0u, 8u, 16u, 24u)) & vec4(255u);
  return bytes * 0x010101u | vec4(OPAQUE);
}

fn lower(s: Spread) -> vec4<u32> {
  return vec4(s.p0, s.p1, s.p2, s.p3) & vec4(0xffffu);
}

fn upper(s: Spread) -> vec4<u32> {
  return vec4(s.p0, s.p1, s.p2, s.p3) >> vec4(16u);
}

// 4 samples that stand for a pixel each.
fn alone(s: Samples) -> vec4<u32> {
  return vec4(s.even & 0xffffu, s.odd & 0xffffu, s.even >> 16u, s.odd >> 16u);
}

// 8 samples of a row of chroma that is halved across, and the columns beside them.
struct Columns {
  left: u32,
  near: vec2<u32>,
  right: u32,
}

fn columns(component: Component, row: u32, tile: u32) -> Columns {
  let begin = (component.samples + row * component.pitch) >> 1u;
  let last = (component.pitch >> 1u) - 1u;
  let near = samples[begin + tile];
  let left = samples[begin + max(tile, 1u) - 1u].y >> 24u;
  let right = samples[begin + min(tile + 1u, last)].x & 255u;
  return Columns(
    select(left, near.x & 255u, tile == 0u),
    near,
    select(right, near.y >> 24u, tile == last),
  );
}

// The chroma of a tile's row, for pixels 0 to 3, 4 to 7, 8 to 11, 12 to 15.
struct Chroma {
  a: vec4<u32>,
  b: vec4<u32>,
  c: vec4<u32>,
  d: vec4<u32>,
}

fn across(near: Columns, far: Columns) -> Chroma {
  var s0: Samples;
  var s1: Samples;
  var left = near.left;
  var right = near.right;
  if (DOWN) {
    s0 = blend(near.near.x, far.near.x);
    s1 = blend(near.near.y, far.near.y);
    left = left * 3u + far.left;
    right = right * 3u + far.right;
  } else {
    s0 = split(near.near.x);
    s1 = split(near.near.y);
  }
  let p = spread(s0, left, s1.even & 0xffffu);
  let q = spread(s1, s0.odd >> 16u, right);
  return Chroma(lower(p), upper(p), lower(q), upper(q));
}

// 4 samples of chroma that is halved down only.
fn down(near: u32, far: u32, round: u32) -> vec4<u32> {
  let s = blend(near, far);
  return alone(
    Samples(((s.even + round) >> 2u) & EVEN, ((s.odd + round) >> 2u) & EVEN),
  );
}

fn wide(component: Component, row: u32, tile: u32) -> vec4<u32> {
  let begin = ((component.samples + row * component.pitch) >> 1u) + tile * TILE_LUMA;
  return vec4(samples[begin], samples[begin + 1u]);
}

fn write(at: u32, luma: vec4<u32>, cb: Chroma, cr: Chroma) {
  pixels[at] = convert4(luma.x, cb.a, cr.a);
  pixels[at + 1u] = convert4(luma.y, cb.b, cr.b);
  pixels[at + 2u] = convert4(luma.z, cb.c, cr.c);
  pixels[at + 3u] = convert4(luma.w, cb.d, cr.d);
}

fn chroma(component: Component, y: u32, tile: u32) -> array<Chroma, 2> {
  if (!DOWN) {
    // Rows stand for themselves; the last one is repeated where the height is odd.
    let next = min(y + 1u, component.height - 1u);
    if (ACROSS) {
      let first = columns(component, y, tile);
      let second = columns(component, next, tile);
      return array(across(first, first), across(second, second));
    }
    let first = wide(component, y, tile);
    let second = wide(component, next, tile);
    return array(plain(first), plain(second));
  }
  let row = y >> 1u;
  let above = max(row, 1u) - 1u;
  let below = min(row + 1u, component.height - 1u);
  if (ACROSS) {
    let near = columns(component, row, tile);
    return array(
      across(near, columns(component, above, tile)),
      across(near, columns(component, below, tile)),
    );
  }
  let near = wide(component, row, tile);
  return array(
    downs(near, wide(component, above, tile), 0x00010001u),
    downs(near, wide(component, below, tile), 0x00020002u),
  );
}

fn plain(words: vec4<u32>) -> Chroma {
  return Chroma(
    alone(split(words.x)), alone(split(words.y)), alone(split(words.z)), alone(split(words.w)),
  );
}

fn downs(near: vec4<u32>, far: vec4<u32>, round: u32) -> Chroma {
  return Chroma(
    down(near.x, far.x, round), down(near.y, far.y, round),
    down(near.z, far.z, round), down(near.w, far.w, round),
  );
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
  let tiles = images[owner].tiles;
  let tile = (workgroup - images[owner].firstWorkgroup) * WORKGROUP + local;
  // A quotient in floats is off by one at most; integer division is far slower on CPUs.
  var tileY = u32(f32(tile) / f32(tiles));
  tileY -= u32(tileY * tiles > tile);
  tileY += u32((tileY + 1u) * tiles <= tile);
  let tileX = tile - tileY * tiles;
  let y = tileY * TILE_ROWS;
  let height = images[owner].height;
  if (y >= height) {
    return;
  }
  let luma = images[owner].components[0];
  let at = (images[owner].base + y * images[owner].stepY) / TILE_PIXELS + tileX * TILE_PIXELS;
  let under = at + images[owner].stepY / TILE_PIXELS;
  let first = wide(luma, y, tileX);
  let second = wide(luma, min(y + 1u, luma.height - 1u), tileX);
  if (!CHROMA) {
    pixels[at] = grey4(first.x);
    pixels[at + 1u] = grey4(first.y);
    pixels[at + 2u] = grey4(first.z);
    pixels[at + 3u] = grey4(first.w);
    if (y + 1u < height) {
      pixels[under] = grey4(second.x);
      pixels[under + 1u] = grey4(second.y);
      pixels[under + 2u] = grey4(second.z);
      pixels[under + 3u] = grey4(second.w);
    }
    return;
  }
  let cb = chroma(images[owner].components[1], y, tileX);
  let cr = chroma(images[owner].components[2], y, tileX);
  write(at, first, cb[0], cr[0]);
  if (y + 1u < height) {
    write(under, second, cb[1], cr[1]);
  }
}
