// Huffman decode of sequential scans: one invocation per chunk, which is a run of blocks in the
// order of their scan. A turn decodes a symbol, or the first 9 bits of a longer code, whose rest is the
// next turn's: one lookup a turn. A dispatch does at most `cap` turns per chunk; what is left stays in
// the chunk's record for the next dispatch, and a finished chunk costs next to nothing. (An adapter
// that runs on the CPU ends an invocation after 65,535 turns of its loops, without an error.)
//
// Loads and stores are done in every turn, needed or not: a branch per lane that cannot be predicted
// costs a CPU more. A chunk stores to its own blocks only, whatever its data.
//
// Dispatch: ceil(chunks / WORKGROUP) workgroups, folded into x and y.

override WORKGROUP: u32 = 32;

// Fields of a table entry; see src/jpeg/huffman.ts.
const LOOKUP_BITS: u32 = 9;
const LOOKUP_SHIFT: u32 = 23;
const TAIL_SHIFT: u32 = 20;
const CODE_SHIFT: u32 = 5;
const SIZE_SHIFT: u32 = 10;
const STEP_SHIFT: u32 = 15;
const FIELD_MASK: u32 = 31;
const STEP_MASK: u32 = 127;
const BAD: u32 = 0x40000000u;
const LONG: u32 = 0x80000000u;
const LONG_MASK: u32 = 0x7fffffffu;
const TAIL_MASK: u32 = 0xfffffu;

// Status flags; see src/jpeg/status.ts.
const TRUNCATED: u32 = 1;
const BAD_CODE: u32 = 2;
const EXTRA_BYTES: u32 = 4;
const STATUS_WORDS: u32 = 2;

const BLOCK_WORDS: u32 = 32;
const END_OF_BLOCK: u32 = 64;
const NO_END: u32 = 0xffffffffu;

struct Params {
  chunks: u32,
  cap: u32,
  begin: u32, // the words of the picture that `coefficients` holds
  end: u32,
}

struct Chunk {
  position: u32, // next bit, counted from the beginning of `bits`
  end: u32, // first bit after the segment; NO_END where other chunks of it follow
  address: u32, // first word of the next block, in the whole picture
  blocks: u32, // blocks left
  scan: u32,
  image: u32,
  z: u32, // next coefficient of the block, in zigzag order
  place: u32, // of the block in its MCU
  dc: vec4<i32>, // DC predictors
}

struct Scan {
  pattern: u32, // component of each block of an MCU, 2 bits each
  blocksPerMcu: u32,
  reserved: vec2<u32>,
  dc: vec4<u32>, // where the DC table of each component begins
  ac: vec4<u32>, // where the AC table of each component begins
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> bits: array<u32>;
@group(0) @binding(2) var<storage, read> tables: array<u32>;
@group(0) @binding(3) var<storage, read> scans: array<Scan>;
@group(0) @binding(4) var<storage, read_write> chunks: array<Chunk>;
@group(0) @binding(5) var<storage, read_write> coefficients: array<u32>;
@group(0) @binding(6) var<storage, read_write> status: array<atomic<u32>>;

fn word(index: u32) -> u32 {
  let w = bits[index];
  return (w << 24u) | ((w & 0xff00u) << 8u) | ((w >> 8u) & 0xff00u) | (w >> 24u);
}

fn pick(v: vec4<u32>, component: u32) -> u32 {
  let low = select(v.x, v.y, component == 1u);
  return select(low, select(v.z, v.w, component == 3u), component >= 2u);
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let index = (group.x + group.y * groups.x) * WORKGROUP + local;
  if (index >= params.chunks) {
    return;
  }
  let origin = chunks[index].address;
  if (chunks[index].blocks == 0u || origin >= params.end) {
    return;
  }
  // What lies beyond the window is left to the dispatch that has it.
  let here = min(chunks[index].blocks, (params.end - origin) / BLOCK_WORDS);
  let beyond = chunks[index].blocks - here;
  var blocks = here;
  var position = chunks[index].position;
  let end = chunks[index].end;
  var address = origin - params.begin;
  var z = chunks[index].z;
  var dc = chunks[index].dc;
  var place = chunks[index].place;
  let scan = scans[chunks[index].scan];
  var component = (scan.pattern >> (place * 2u)) & 3u;
  var dcTable = pick(scan.dc, component);
  var acTable = pick(scan.ac, component);
  var next = (position >> 5u) + 1u;
  var high = word(next - 1u);
  var low = word(next);
  // The pair of coefficients that is being written: its lower half may be there already.
  var pairAt = z >> 1u;
  var pair = coefficients[address + pairAt];
  var seen = 0u;
  // The entry for the rest of a long code, in its second turn; else 0.
  var tail = 0u;
  let cap = params.cap;
  for (var turn = 0u; turn < cap && position <= end; turn++) {
    // In two steps, as shifting by 32 has no meaning.
    let shift = position & 31u;
    let window = (high << shift) | ((low >> 1u) >> (31u - shift));
    let table = select(acTable, dcTable, z == 0u);
    let read = select(0u, LOOKUP_BITS, tail != 0u);
    let rest = (tail & TAIL_MASK) + (window >> (tail >> TAIL_SHIFT));
    var entry = tables[table + select(window >> LOOKUP_SHIFT, rest, tail != 0u)];
    let long = (entry & LONG) != 0u;
    tail = select(0u, entry & LONG_MASK, long);
    // The first turn of a long code passes its bits and does nothing else.
    entry = select(entry - read, LOOKUP_BITS, long);
    let first = z == 0u && !long;
    seen |= entry;
    let size = (entry >> SIZE_SHIFT) & FIELD_MASK;
    let step = (entry >> STEP_SHIFT) & STEP_MASK;
    // The value follows its code; a leading zero marks a negative one.
    let value = window << (((entry >> CODE_SHIFT) & FIELD_MASK) - read);
    let negative = ~(i32(value) >> 31u);
    let magnitude = i32((value >> 1u) >> (31u - size));
    var coefficient = magnitude - (((1 << size) - 1) & negative);
    let predictor = select(
      select(dc.x, dc.y, component == 1u),
      select(dc.z, dc.w, component == 3u),
      component >= 2u,
    );
    coefficient += select(0, predictor, first);
    let stored = vec4(component) == vec4(0u, 1u, 2u, 3u);
    dc = select(dc, vec4(coefficient), stored & vec4(first));
    // What has no value stores the zero that is there, where the block has been written last.
    let at = min(z + select(step - 1u, 0u, size == 0u), 63u);
    let half = (u32(coefficient) & 0xffffu) << ((at & 1u) << 4u);
    pair = select(half, pair | half, pairAt == (at >> 1u));
    pairAt = at >> 1u;
    // The end of a block has nothing to store but how many coefficients are zero from there on.
    let ends = step == END_OF_BLOCK;
    coefficients[select(address + pairAt, address / BLOCK_WORDS, ends)] =
      select(pair, END_OF_BLOCK - z, ends);
    position += entry & FIELD_MASK;
    z += step;
    let coming = word(next + 1u);
    let crossed = (position >> 5u) >= next;
    high = select(high, low, crossed);
    low = select(low, coming, crossed);
    next += u32(crossed);
    if (z >= 64u) {
      z = 0u;
      pair = 0u;
      pairAt = 0u;
      address += BLOCK_WORDS;
      blocks -= 1u;
      place = select(place + 1u, 0u, place + 1u == scan.blocksPerMcu);
      component = (scan.pattern >> (place * 2u)) & 3u;
      dcTable = pick(scan.dc, component);
      acTable = pick(scan.ac, component);
      if (blocks == 0u) {
        break;
      }
    }
  }
  blocks += beyond;
  // A code that was cut in two is begun again, unless the data ends within it.
  position -= select(0u, LOOKUP_BITS, tail != 0u && position <= end);
  var faults = select(0u, BAD_CODE, (seen & BAD) != 0u);
  if (position > end) {
    faults |= TRUNCATED;
  } else if (blocks == 0u && end != NO_END && end - position >= 8u) {
    faults |= EXTRA_BYTES;
  }
  if ((faults & TRUNCATED) != 0u) {
    blocks = 0u;
  }
  chunks[index].position = position;
  chunks[index].address = address + params.begin;
  chunks[index].blocks = blocks;
  chunks[index].z = z;
  chunks[index].place = place;
  chunks[index].dc = dc;
  if (faults != 0u) {
    let image = chunks[index].image * STATUS_WORDS;
    atomicOr(&status[image], faults);
    atomicMin(&status[image + 1u], position);
  }
}
