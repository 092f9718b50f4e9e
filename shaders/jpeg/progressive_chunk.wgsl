// The bindings and records of the two kernels that walk through the symbols of a scan: one invocation
// per chunk, which is a restart segment of a scan. A dispatch takes at most `cap` turns per chunk; what
// is left stays in the chunk's record for the next dispatch. (An adapter that runs on the CPU ends an
// invocation after 65,535 turns of its loops, without an error.) Follows progressive.wgsl.

override WORKGROUP: u32 = 32;

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
const BAD: u32 = 0x40000000u;
const LONG: u32 = 0x80000000u;
const SHIFT_MASK: u32 = 31;
const END_OF_BLOCK: u32 = 64;

struct Params {
  chunks: u32,
  cap: u32,
  firstBlock: u32, // of the blocks that have masks; where windowed, of all
  end: u32, // after the last block, where windowed
  rowBlocks: u32, // blocks of a row of the frame's MCUs, where windowed
  mcuBlocks: u32, // blocks of one of them
}

struct Chunk {
  position: u32, // next bit, counted from the beginning of `bits`
  end: u32, // first bit after the segment
  blocks: u32, // blocks left
  scan: u32,
  image: u32,
  z: u32, // next coefficient of the block, in zigzag order
  place: u32, // of the block in its MCU
  mcu: u32,
  skip: u32, // of a refining scan: zeros to pass before the next new coefficient
  value: u32, // of a refining scan: that coefficient
  run: u32, // of a refining scan: blocks left without new coefficients
  reserved: u32,
  dc: vec4<i32>, // DC predictors
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> bits: array<u32>;
@group(0) @binding(2) var<storage, read> tables: array<u32>;
@group(0) @binding(3) var<storage, read> scans: array<Scan>;
@group(0) @binding(4) var<storage, read_write> chunks: array<Chunk>;
@group(0) @binding(5) var<storage, read_write> coefficients: array<u32>;
@group(0) @binding(6) var<storage, read_write> status: array<atomic<u32>>;

fn word(index: u32) -> u32 {
  return swapped(bits[index]);
}

// The entry of the code that a window of 32 bits begins with.
fn lookUp(table: u32, window: u32) -> u32 {
  var entry = tables[table + (window >> LOOKUP_SHIFT)];
  if ((entry & LONG) != 0u) {
    let rest = (window << LOOKUP_BITS) >> ((entry >> TAIL_SHIFT) & SHIFT_MASK);
    entry = tables[table + (entry & TAIL_MASK) + rest];
  }
  return entry;
}

// Tells what was wrong with a segment, and where decoding stood.
fn report(image: u32, faults: u32, position: u32) {
  if (faults != 0u) {
    atomicOr(&status[image * STATUS_WORDS], faults);
    atomicMin(&status[image * STATUS_WORDS + 1u], position);
  }
}
