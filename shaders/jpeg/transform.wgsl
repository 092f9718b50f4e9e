// The inverse DCT, as the kernels that transform blocks share it: this file goes before theirs. It is
// the accurate integer transform of libjpeg (Loeffler, Ligtenberg and Moschytz, 1989), with the
// integer widths of libjpeg-turbo's SIMD code, which differ from the C code's where coefficients are
// extreme.
//
// Bindings 1 to 3 are coefficients, quantisation tables and components.

const BLOCK_VECTORS: u32 = 8;
const BLOCK_VECTOR_WORDS: u32 = 4;
// Records are uniforms, as CPU adapters read those far faster than storage. Each binding is as large
// as every device allows.
const QUANT_VECTORS: u32 = 4096;
const MOST_COMPONENTS: u32 = 2048;

struct Component {
  coefficients: u32, // first block of its scan
  mcusAcross: u32, // of its scan
  shape: u32, // fields of 4 bits; see below
  blocksWide: u32, // blocks that hold samples, across
  blocks: u32, // blocks that hold samples
  samples: u32, // first word of its samples
  quant: u32, // first vector of its divisors
  firstWorkgroup: u32, // of the kernel that stores its samples
}

// Fields of a shape: blocks of an MCU of the scan; the component's own across and down, and the place
// of the first of them; samples in its last column of blocks, where the next one is wanted too.
const H_SHIFT: u32 = 4;
const V_SHIFT: u32 = 8;
const PLACE_SHIFT: u32 = 12;
const EDGE_SHIFT: u32 = 16;
const FIELD_MASK: u32 = 15;
// A bit of a shape: the word with a block's number tells how many of its last coefficients are zero;
// 0 where it is not known.
const MARKED: u32 = 0x100000u;
const HALF_BLOCK: u32 = 32;

@group(0) @binding(1) var<storage, read> coefficients: array<vec4<u32>>;
@group(0) @binding(2) var<uniform> quants: array<vec4<u32>, QUANT_VECTORS>;
@group(0) @binding(3) var<uniform> components: array<Component, MOST_COMPONENTS>;

// Eight rows, or eight columns, of four values each.
struct Rows {
  r0: vec4<i32>,
  r1: vec4<i32>,
  r2: vec4<i32>,
  r3: vec4<i32>,
  r4: vec4<i32>,
  r5: vec4<i32>,
  r6: vec4<i32>,
  r7: vec4<i32>,
}

// Samples of four rows of a block, a byte each.
struct Bytes4 {
  r0: vec2<u32>,
  r1: vec2<u32>,
  r2: vec2<u32>,
  r3: vec2<u32>,
}

// Samples of a block.
struct Bytes {
  r0: vec2<u32>,
  r1: vec2<u32>,
  r2: vec2<u32>,
  r3: vec2<u32>,
  r4: vec2<u32>,
  r5: vec2<u32>,
  r6: vec2<u32>,
  r7: vec2<u32>,
}

struct Square {
  c0: vec4<i32>,
  c1: vec4<i32>,
  c2: vec4<i32>,
  c3: vec4<i32>,
}

// In floats and then put right: integer division is far slower on CPUs.
fn quotient(n: u32, d: u32) -> u32 {
  var q = u32(f32(n) / f32(d));
  q -= u32(q * d > n);
  q += u32((q + 1u) * d <= n);
  return q;
}

// The product of two packed values, cut to 16 bits: the lower ones, the upper ones.
fn lo(pair: u32, quant: u32) -> i32 {
  return i32((pair * quant) << 16u) >> 16u;
}

fn hi(pair: u32, quant: u32) -> i32 {
  return i32(((pair >> 16u) * (quant >> 16u)) << 16u) >> 16u;
}

fn wrap(v: vec4<i32>) -> vec4<i32> {
  return (v << vec4(16u)) >> vec4(16u);
}

// One dimension, for four columns at once. The 13-bit constants are sums of FIX(x) = x * 8192.
fn transform(i: Rows, bits: u32) -> Rows {
  let round = vec4(1 << (bits - 1u));
  let n = vec4(bits);
  let even2 = i.r2 * 10703 + i.r6 * 4433;
  let even6 = i.r2 * 4433 - i.r6 * 10704;
  let sum = (wrap(i.r0 + i.r4) << vec4(13u)) + round;
  let difference = (wrap(i.r0 - i.r4) << vec4(13u)) + round;
  let e0 = sum + even2;
  let e3 = sum - even2;
  let e1 = difference + even6;
  let e2 = difference - even6;
  let z3 = wrap(i.r7 + i.r3);
  let z4 = wrap(i.r5 + i.r1);
  let a = z4 * 9633 - z3 * 6436;
  let b = z3 * 9633 + z4 * 6437;
  let o3 = a - i.r7 * 4927 - i.r1 * 7373;
  let o2 = b - i.r5 * 4176 - i.r3 * 20995;
  let o1 = a + i.r3 * 4177 - i.r5 * 20995;
  let o0 = b + i.r1 * 4926 - i.r7 * 7373;
  return Rows(
    (e0 + o0) >> n, (e1 + o1) >> n, (e2 + o2) >> n, (e3 + o3) >> n,
    (e3 - o3) >> n, (e2 - o2) >> n, (e1 - o1) >> n, (e0 - o0) >> n,
  );
}

fn saturate16(v: vec4<i32>) -> vec4<i32> {
  return clamp(v, vec4(-32768), vec4(32767));
}

fn transposed(a: vec4<i32>, b: vec4<i32>, c: vec4<i32>, d: vec4<i32>) -> Square {
  return Square(
    vec4(a.x, b.x, c.x, d.x), vec4(a.y, b.y, c.y, d.y),
    vec4(a.z, b.z, c.z, d.z), vec4(a.w, b.w, c.w, d.w),
  );
}

// Between the passes values are stored in 16 bits.
fn transpose4(a: vec4<i32>, b: vec4<i32>, c: vec4<i32>, d: vec4<i32>) -> Square {
  return transposed(saturate16(a), saturate16(b), saturate16(c), saturate16(d));
}

// Packs the columns of four rows, still around 0, into bytes from 0 to 255.
fn pack(s: Rows) -> Bytes4 {
  let left = bytes(s.r0) | (bytes(s.r1) << vec4(8u)) | (bytes(s.r2) << vec4(16u)) |
    (bytes(s.r3) << vec4(24u));
  let right = bytes(s.r4) | (bytes(s.r5) << vec4(8u)) | (bytes(s.r6) << vec4(16u)) |
    (bytes(s.r7) << vec4(24u));
  return Bytes4(
    vec2(left.x, right.x), vec2(left.y, right.y), vec2(left.z, right.z), vec2(left.w, right.w));
}

fn bytes(v: vec4<i32>) -> vec4<u32> {
  return vec4<u32>(clamp(v + vec4(128), vec4(0), vec4(255)));
}

// What a block has 64 of, in zigzag order, two a word: coefficients, or their divisors.
struct Zigzag {
  v0: vec4<u32>,
  v1: vec4<u32>,
  v2: vec4<u32>,
  v3: vec4<u32>,
  v4: vec4<u32>,
  v5: vec4<u32>,
  v6: vec4<u32>,
  v7: vec4<u32>,
}

fn divisorsOf(component: Component) -> Zigzag {
  let at = component.quant;
  return Zigzag(
    quants[at], quants[at + 1u], quants[at + 2u], quants[at + 3u],
    quants[at + 4u], quants[at + 5u], quants[at + 6u], quants[at + 7u],
  );
}

// The coefficients of the block in a column and row of blocks.
fn fetchBlock(component: Component, column: u32, row: u32) -> Zigzag {
  let h = (component.shape >> H_SHIFT) & FIELD_MASK;
  let v = (component.shape >> V_SHIFT) & FIELD_MASK;
  let mcuX = quotient(column, h);
  let mcuY = quotient(row, v);
  let place = ((component.shape >> PLACE_SHIFT) & FIELD_MASK) + (row - mcuY * v) * h + column -
    mcuX * h;
  let mcu = mcuY * component.mcusAcross + mcuX;
  let block = component.coefficients + mcu * (component.shape & FIELD_MASK) + place;
  let at = block * BLOCK_VECTORS;
  var c: Zigzag;
  c.v0 = coefficients[at];
  c.v1 = coefficients[at + 1u];
  c.v2 = coefficients[at + 2u];
  c.v3 = coefficients[at + 3u];
  let mark = coefficients[block / BLOCK_VECTOR_WORDS][block % BLOCK_VECTOR_WORDS];
  if ((component.shape & MARKED) == 0u || mark < HALF_BLOCK) {
    c.v4 = coefficients[at + 4u];
    c.v5 = coefficients[at + 5u];
    c.v6 = coefficients[at + 6u];
    c.v7 = coefficients[at + 7u];
  }
  return c;
}

// The samples of the block in a column and row of blocks. Its divisors are loaded after it, as a CPU
// has no registers that would hold them meanwhile.
fn blockSamples(component: Component, column: u32, row: u32) -> Bytes {
  let c = fetchBlock(component, column, row);
  return samplesOf(c, divisorsOf(component));
}

// The samples of a block.
fn samplesOf(c: Zigzag, q: Zigzag) -> Bytes {
  var a0 = vec4(lo(c.v0.x, q.v0.x), hi(c.v0.x, q.v0.x),
    hi(c.v0.z, q.v0.z), lo(c.v0.w, q.v0.w));
  var b0 = vec4(lo(c.v1.w, q.v1.w), hi(c.v1.w, q.v1.w),
    hi(c.v3.y, q.v3.y), lo(c.v3.z, q.v3.z));
  var a1 = vec4(lo(c.v0.y, q.v0.y), lo(c.v0.z, q.v0.z),
    hi(c.v0.w, q.v0.w), hi(c.v1.z, q.v1.z));
  var b1 = vec4(lo(c.v2.x, q.v2.x), lo(c.v3.y, q.v3.y),
    hi(c.v3.z, q.v3.z), lo(c.v5.y, q.v5.y));
  var a2 = vec4(hi(c.v0.y, q.v0.y), lo(c.v1.x, q.v1.x),
    lo(c.v1.z, q.v1.z), hi(c.v2.x, q.v2.x));
  var b2 = vec4(hi(c.v3.x, q.v3.x), lo(c.v3.w, q.v3.w),
    hi(c.v5.x, q.v5.x), hi(c.v5.y, q.v5.y));
  var a3 = vec4(hi(c.v1.x, q.v1.x), hi(c.v1.y, q.v1.y),
    lo(c.v2.y, q.v2.y), lo(c.v3.x, q.v3.x));
  var b3 = vec4(hi(c.v3.w, q.v3.w), lo(c.v5.x, q.v5.x),
    lo(c.v5.z, q.v5.z), hi(c.v6.z, q.v6.z));
  var a4 = vec4(lo(c.v1.y, q.v1.y), hi(c.v2.y, q.v2.y),
    hi(c.v2.w, q.v2.w), lo(c.v4.x, q.v4.x));
  var b4 = vec4(hi(c.v4.w, q.v4.w), hi(c.v5.z, q.v5.z),
    lo(c.v6.z, q.v6.z), lo(c.v6.w, q.v6.w));
  var a5 = vec4(lo(c.v2.z, q.v2.z), lo(c.v2.w, q.v2.w),
    hi(c.v4.x, q.v4.x), lo(c.v4.w, q.v4.w));
  var b5 = vec4(lo(c.v5.w, q.v5.w), hi(c.v6.y, q.v6.y),
    hi(c.v6.w, q.v6.w), lo(c.v7.z, q.v7.z));
  var a6 = vec4(hi(c.v2.z, q.v2.z), lo(c.v4.y, q.v4.y),
    hi(c.v4.z, q.v4.z), hi(c.v5.w, q.v5.w));
  var b6 = vec4(lo(c.v6.y, q.v6.y), lo(c.v7.x, q.v7.x),
    hi(c.v7.y, q.v7.y), hi(c.v7.z, q.v7.z));
  var a7 = vec4(hi(c.v4.y, q.v4.y), lo(c.v4.z, q.v4.z),
    lo(c.v6.x, q.v6.x), hi(c.v6.x, q.v6.x));
  var b7 = vec4(hi(c.v7.x, q.v7.x), lo(c.v7.y, q.v7.y),
    lo(c.v7.w, q.v7.w), hi(c.v7.w, q.v7.w));
  // Where rows 1 to 7 are zero, the SIMD code shifts row 0 without saturating it.
  let rest = (c.v0 & vec4(0u, 0xffffffffu, 0xffffu, 0xffff0000u)) | vec4(c.v1.xyz, 0u) | c.v2 |
    vec4(c.v3.x, c.v3.y & 0xffffu, c.v3.z & 0xffff0000u, c.v3.w) | c.v4 | c.v5 | c.v6 | c.v7;
  if ((rest.x | rest.y | rest.z | rest.w) == 0u) {
    a0 = (a0 << vec4(18u)) >> vec4(18u);
    b0 = (b0 << vec4(18u)) >> vec4(18u);
  }
  let left = transform(Rows(a0, a1, a2, a3, a4, a5, a6, a7), 11u);
  let right = transform(Rows(b0, b1, b2, b3, b4, b5, b6, b7), 11u);
  let t0 = transpose4(left.r0, left.r1, left.r2, left.r3);
  let t1 = transpose4(right.r0, right.r1, right.r2, right.r3);
  let t2 = transpose4(left.r4, left.r5, left.r6, left.r7);
  let t3 = transpose4(right.r4, right.r5, right.r6, right.r7);
  let upper = pack(transform(Rows(t0.c0, t0.c1, t0.c2, t0.c3, t1.c0, t1.c1, t1.c2, t1.c3), 18u));
  let lower = pack(transform(Rows(t2.c0, t2.c1, t2.c2, t2.c3, t3.c0, t3.c1, t3.c2, t3.c3), 18u));
  return Bytes(
    upper.r0, upper.r1, upper.r2, upper.r3, lower.r0, lower.r1, lower.r2, lower.r3);
}
