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

// The samples of the block in a column and row of blocks.
fn blockSamples(component: Component, column: u32, row: u32) -> Bytes {
  let h = (component.shape >> H_SHIFT) & FIELD_MASK;
  let v = (component.shape >> V_SHIFT) & FIELD_MASK;
  let mcuX = quotient(column, h);
  let mcuY = quotient(row, v);
  let place = ((component.shape >> PLACE_SHIFT) & FIELD_MASK) + (row - mcuY * v) * h + column -
    mcuX * h;
  let mcu = mcuY * component.mcusAcross + mcuX;
  let block = component.coefficients + mcu * (component.shape & FIELD_MASK) + place;
  let at = block * BLOCK_VECTORS;
  let c0 = coefficients[at];
  let c1 = coefficients[at + 1u];
  let c2 = coefficients[at + 2u];
  let c3 = coefficients[at + 3u];
  var c4 = vec4(0u);
  var c5 = vec4(0u);
  var c6 = vec4(0u);
  var c7 = vec4(0u);
  let mark = coefficients[block / BLOCK_VECTOR_WORDS][block % BLOCK_VECTOR_WORDS];
  if ((component.shape & MARKED) == 0u || mark < HALF_BLOCK) {
    c4 = coefficients[at + 4u];
    c5 = coefficients[at + 5u];
    c6 = coefficients[at + 6u];
    c7 = coefficients[at + 7u];
  }
  let q0 = quants[component.quant];
  let q1 = quants[component.quant + 1u];
  let q2 = quants[component.quant + 2u];
  let q3 = quants[component.quant + 3u];
  let q4 = quants[component.quant + 4u];
  let q5 = quants[component.quant + 5u];
  let q6 = quants[component.quant + 6u];
  let q7 = quants[component.quant + 7u];
var a0 = vec4(lo(c0.x, q0.x), hi(c0.x, q0.x),
    hi(c0.z, q0.z), lo(c0.w, q0.w));
  var b0 = vec4(lo(c1.w, q1.w), hi(c1.w, q1.w),
    hi(c3.y, q3.y), lo(c3.z, q3.z));
  var a1 = vec4(lo(c0.y, q0.y), lo(c0.z, q0.z),
    hi(c0.w, q0.w), hi(c1.z, q1.z));
  var b1 = vec4(lo(c2.x, q2.x), lo(c3.y, q3.y),
    hi(c3.z, q3.z), lo(c5.y, q5.y));
  var a2 = vec4(hi(c0.y, q0.y), lo(c1.x, q1.x),
    lo(c1.z, q1.z), hi(c2.x, q2.x));
  var b2 = vec4(hi(c3.x, q3.x), lo(c3.w, q3.w),
    hi(c5.x, q5.x), hi(c5.y, q5.y));
  var a3 = vec4(hi(c1.x, q1.x), hi(c1.y, q1.y),
    lo(c2.y, q2.y), lo(c3.x, q3.x));
  var b3 = vec4(hi(c3.w, q3.w), lo(c5.x, q5.x),
    lo(c5.z, q5.z), hi(c6.z, q6.z));
  var a4 = vec4(lo(c1.y, q1.y), hi(c2.y, q2.y),
    hi(c2.w, q2.w), lo(c4.x, q4.x));
  var b4 = vec4(hi(c4.w, q4.w), hi(c5.z, q5.z),
    lo(c6.z, q6.z), lo(c6.w, q6.w));
  var a5 = vec4(lo(c2.z, q2.z), lo(c2.w, q2.w),
    hi(c4.x, q4.x), lo(c4.w, q4.w));
  var b5 = vec4(lo(c5.w, q5.w), hi(c6.y, q6.y),
    hi(c6.w, q6.w), lo(c7.z, q7.z));
  var a6 = vec4(hi(c2.z, q2.z), lo(c4.y, q4.y),
    hi(c4.z, q4.z), hi(c5.w, q5.w));
  var b6 = vec4(lo(c6.y, q6.y), lo(c7.x, q7.x),
    hi(c7.y, q7.y), hi(c7.z, q7.z));
  var a7 = vec4(hi(c4.y, q4.y), lo(c4.z, q4.z),
    lo(c6.x, q6.x), hi(c6.x, q6.x));
  var b7 = vec4(hi(c7.x, q7.x), lo(c7.y, q7.y),
    lo(c7.w, q7.w), hi(c7.w, q7.w));
  // Where rows 1 to 7 are zero, the SIMD code shifts row 0 without saturating it.
  let rest = (c0 & vec4(0u, 0xffffffffu, 0xffffu, 0xffff0000u)) | vec4(c1.xyz, 0u) | c2 |
    vec4(c3.x, c3.y & 0xffffu, c3.z & 0xffff0000u, c3.w) | c4 | c5 | c6 | c7;
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
