// What the kernels of the self-synchronising Huffman decoder share: this file goes before theirs. The
// bits of a segment are cut into subsequences of equal size; whoever decodes one from the state in
// which its predecessor ends learns where blocks begin in it, without storing coefficients
// (Weissenberger and Schmidt, ICPP 2018).
//
// Bindings 0 to 4 are parameters, bits, tables, scans and segments.

// Fields of a table entry; see src/jpeg/huffman.ts.
const LOOKUP_SHIFT: u32 = 23;
const LOOKUP_BITS: u32 = 9;
const TAIL_SHIFT: u32 = 20;
const TAIL_MASK: u32 = 0xfffffu;
const CODE_SHIFT: u32 = 5;
const SIZE_SHIFT: u32 = 10;
const STEP_SHIFT: u32 = 15;
const FIELD_MASK: u32 = 31;
const STEP_MASK: u32 = 127;
const LONG: u32 = 0x80000000u;
const SHIFT_MASK: u32 = 31;

// A state: bits decoded beyond the end of a subsequence, place of the block in its MCU, and the next
// coefficient in zigzag order.
const PLACE_SHIFT: u32 = 5;
const PLACE_MASK: u32 = 15;
const Z_SHIFT: u32 = 9;
const NO_STATE: u32 = 0xffffffffu;

// Where the first block begins in a subsequence, and its place in its MCU.
const FIRST_SHIFT: u32 = 4;
const NO_BLOCK: u32 = 0xffffffffu;

struct Params {
  count: u32, // subsequences
  size: u32, // bits of one
  tail: u32, // bits that a guess is made from
  round: u32,
  cap: u32, // symbols of one dispatch
  segments: u32,
}

struct Scan {
  pattern: u32, // component of each block of an MCU, 2 bits each
  blocksPerMcu: u32,
  reserved: vec2<u32>,
  dc: vec4<u32>, // where the DC table of each component begins
  ac: vec4<u32>, // where the AC table of each component begins
}

struct Segment {
  position: u32, // first bit
  end: u32, // first bit after it
  address: u32, // first word of its first block
  blocks: u32,
  scan: u32,
  image: u32,
  first: u32, // subsequence
  subsequences: u32,
}

struct Subsequence {
  entry: u32, // state from which it was decoded
  first: u32, // first block that begins in it
  blocks: u32, // blocks that begin in it
  reserved: u32,
  dc: vec4<i32>, // sums of their DC differences, by component
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> bits: array<u32>;
@group(0) @binding(2) var<storage, read> tables: array<u32>;
@group(0) @binding(3) var<storage, read> scans: array<Scan>;
@group(0) @binding(4) var<storage, read> segments: array<Segment>;

struct Walk {
  exit: u32,
  turns: u32,
  found: Subsequence,
}

fn word(index: u32) -> u32 {
  let w = bits[index];
  return (w << 24u) | ((w & 0xff00u) << 8u) | ((w >> 8u) & 0xff00u) | (w >> 24u);
}

fn pick(v: vec4<u32>, component: u32) -> u32 {
  let low = select(v.x, v.y, component == 1u);
  return select(low, select(v.z, v.w, component == 3u), component >= 2u);
}

fn startOf(segment: Segment, index: u32) -> u32 {
  return segment.position + (index - segment.first) * params.size;
}

// A segment has at least one bit here, so that its first block begins even if it has no data.
fn stopOf(segment: Segment, start: u32) -> u32 {
  return min(start + params.size, max(segment.end, segment.position + 1u));
}

// Decodes the symbols that begin before `stop`; `start` is where the subsequence begins.
fn walk(segment: Segment, start: u32, begin: u32, stop: u32, entry: u32) -> Walk {
  let scan = scans[segment.scan];
  var position = begin;
  var place = (entry >> PLACE_SHIFT) & PLACE_MASK;
  var z = entry >> Z_SHIFT;
  var component = (scan.pattern >> (place * 2u)) & 3u;
  var dcTable = pick(scan.dc, component);
  var acTable = pick(scan.ac, component);
  var next = (position >> 5u) + 1u;
  var high = word(next - 1u);
  var low = word(next);
  var first = NO_BLOCK;
  var blocks = 0u;
  var dc = vec4(0);
  var turns = 0u;
  for (; position < stop; turns++) {
    let begins = z == 0u;
    first = select(first, ((position - start) << FIRST_SHIFT) | place, begins && first == NO_BLOCK);
    blocks += u32(begins);
    let shift = position & 31u;
    let window = (high << shift) | ((low >> 1u) >> (31u - shift));
    let table = select(acTable, dcTable, begins);
    var code = tables[table + (window >> LOOKUP_SHIFT)];
    if ((code & LONG) != 0u) {
      let rest = (window << LOOKUP_BITS) >> ((code >> TAIL_SHIFT) & SHIFT_MASK);
      code = tables[table + (code & TAIL_MASK) + rest];
    }
    let size = (code >> SIZE_SHIFT) & FIELD_MASK;
    let value = window << ((code >> CODE_SHIFT) & FIELD_MASK);
    let negative = ~(i32(value) >> 31u);
    let magnitude = i32((value >> 1u) >> (31u - size));
    let difference = magnitude - (((1 << size) - 1) & negative);
    let own = vec4(component) == vec4(0u, 1u, 2u, 3u);
    dc += select(vec4(0), vec4(difference), own & vec4(begins));
    position += code & FIELD_MASK;
    z += (code >> STEP_SHIFT) & STEP_MASK;
    let coming = word(next + 1u);
    let crossed = (position >> 5u) >= next;
    high = select(high, low, crossed);
    low = select(low, coming, crossed);
    next += u32(crossed);
    if (z >= 64u) {
      z = 0u;
      place = select(place + 1u, 0u, place + 1u == scan.blocksPerMcu);
      component = (scan.pattern >> (place * 2u)) & 3u;
      dcTable = pick(scan.dc, component);
      acTable = pick(scan.ac, component);
    }
  }
  let exit = (position - stop) | (place << PLACE_SHIFT) | (z << Z_SHIFT);
  return Walk(exit, turns, Subsequence(entry, first, blocks, 0u, dc));
}
