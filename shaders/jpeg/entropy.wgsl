// Huffman decode of sequential scans: one invocation per chunk, which is a run of blocks in the
// order of their scan. A dispatch does at most `cap` symbols per chunk; what is left stays in
// the chunk's record for the next dispatch, and a finished chunk costs next to nothing. (An adapter
// that runs on the CPU ends an invocation after 65,535 turns of its loops, without an error.)
//
// Dispatch: ceil(chunks / WORKGROUP) workgroups, folded into x and y.

override WORKGROUP: u32 = 32;

// Fields of a table entry; see src/jpeg/huffman.ts.
const LOOKUP_SHIFT: u32 = 23;
const TAIL_SHIFT: u32 = 16;
const TAIL_MASK: u32 = 127;
const SIZE_SHIFT: u32 = 5;
const STEP_SHIFT: u32 = 9;
const SIZE_MASK: u32 = 15;
const BITS_MASK: u32 = 31;
const STEP_MASK: u32 = 127;
const BAD: u32 = 0x40000000u;
const LONG: u32 = 0x80000000u;
const LONG_MASK: u32 = 0x7fffffffu;

// Status flags; see src/jpeg/status.ts.
const TRUNCATED: u32 = 1;
const BAD_CODE: u32 = 2;
const EXTRA_BYTES: u32 = 4;
const STATUS_WORDS: u32 = 2;

const COMPONENT_SHIFT: u32 = 30;
const OFFSET_MASK: u32 = 0x3fffffffu;
const BLOCK_WORDS: u32 = 32;

struct Params {
  chunks: u32,
  cap: u32,
}

struct Chunk {
  position: u32, // next bit, counted from the beginning of `bits`
  end: u32, // first bit after the segment
  block: u32, // next block, counted in the order of the scan
  blocks: u32, // blocks left
  scan: u32,
  image: u32,
  z: u32, // next coefficient of the block, in zigzag order
  start: u32, // first bit of the segment
  dc: vec4<i32>, // DC predictors
}

struct Scan {
  firstSlot: u32,
  blocksPerMcu: u32,
  mcusAcross: u32,
  reserved: u32,
}

// One block of an MCU.
struct Slot {
  dc: u32, // where its DC table begins; component of the scan in the upper 2 bits
  ac: u32, // where its AC table begins
  base: u32, // its block of the first MCU
  strides: u32, // blocks to the next MCU across (4 bits), and to the next row of MCUs
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> bits: array<u32>;
@group(0) @binding(2) var<storage, read> tables: array<u32>;
@group(0) @binding(3) var<storage, read> scans: array<Scan>;
@group(0) @binding(4) var<storage, read> slots: array<Slot>;
@group(0) @binding(5) var<storage, read_write> chunks: array<Chunk>;
@group(0) @binding(6) var<storage, read_write> coefficients: array<u32>;
@group(0) @binding(7) var<storage, read_write> status: array<atomic<u32>>;

fn word(index: u32) -> u32 {
  let w = bits[index];
  return (w << 24u) | ((w & 0xff00u) << 8u) | ((w >> 8u) & 0xff00u) | (w >> 24u);
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
  var blocks = chunks[index].blocks;
  if (blocks == 0u) {
    return;
  }
  var position = chunks[index].position;
  let end = chunks[index].end;
  var block = chunks[index].block;
  var z = chunks[index].z;
  var dc = chunks[index].dc;
  let scan = scans[chunks[index].scan];
  var mcu = block / scan.blocksPerMcu;
  var place = block - mcu * scan.blocksPerMcu;
  var mcuY = mcu / scan.mcusAcross;
  var mcuX = mcu - mcuY * scan.mcusAcross;
  var slot = slots[scan.firstSlot + place];
  var address = (slot.base + mcuX * (slot.strides & 15u) + mcuY * (slot.strides >> 4u)) *
    BLOCK_WORDS;
  var next = position >> 5u;
  var high = word(next);
  next += 1u;
  var low = word(next);
  // The pair of coefficients that is being written: its lower half may be there already.
  var pairAt = z >> 1u;
  var pair = coefficients[address + pairAt];
  var faults = 0u;
  for (var turn = 0u; turn < params.cap; turn++) {
    let shift = position & 31u;
    let window = (high << shift) | ((low >> 1u) >> (31u - shift));
    let table = select(slot.ac, slot.dc & OFFSET_MASK, z == 0u);
    var entry = tables[table + (window >> LOOKUP_SHIFT)];
    if ((entry & LONG) != 0u) {
      entry = tables[table + (entry & LONG_MASK) + ((window >> TAIL_SHIFT) & TAIL_MASK)];
    }
    faults |= select(0u, BAD_CODE, (entry & BAD) != 0u);
    let length = entry & BITS_MASK;
    let size = (entry >> SIZE_SHIFT) & SIZE_MASK;
    let step = (entry >> STEP_SHIFT) & STEP_MASK;
    // The value is the last `size` bits; a leading zero marks a negative one.
    let raw = i32(((window << (length - size)) >> 1u) >> (31u - size));
    var value = select(raw, raw - (1 << size) + 1, (raw >> (max(size, 1u) - 1u)) == 0);
    if (z == 0u) {
      let component = slot.dc >> COMPONENT_SHIFT;
      value += select(select(dc.x, dc.y, component == 1u), select(dc.z, dc.w, component == 3u),
        component >= 2u);
      dc = select(dc, vec4(value), vec4(component) == vec4(0u, 1u, 2u, 3u));
    }
    if (size != 0u || z == 0u) {
      let at = min(z + step - 1u, 63u);
      let half = (u32(value) & 0xffffu) << ((at & 1u) * 16u);
      let wordAt = at >> 1u;
      pair = select(half, pair | half, pairAt == wordAt);
      pairAt = wordAt;
      coefficients[address + wordAt] = pair;
    }
    position += length;
    z += step;
    if ((position >> 5u) >= next) {
      high = low;
      next += 1u;
      low = word(next);
    }
    if (z >= 64u) {
      z = 0u;
      pairAt = 0xffffffffu;
      block += 1u;
      blocks -= 1u;
      place += 1u;
      if (place == scan.blocksPerMcu) {
        place = 0u;
        mcuX += 1u;
        if (mcuX == scan.mcusAcross) {
          mcuX = 0u;
          mcuY += 1u;
        }
      }
      slot = slots[scan.firstSlot + place];
      address = (slot.base + mcuX * (slot.strides & 15u) + mcuY * (slot.strides >> 4u)) *
        BLOCK_WORDS;
    }
    if (position > end) {
      faults |= TRUNCATED;
    }
    if (blocks == 0u || faults != 0u) {
      break;
    }
  }
  if (faults != 0u) {
    blocks = 0u;
  } else if (blocks == 0u && end - position >= 8u) {
    faults = EXTRA_BYTES;
  }
  chunks[index].position = position;
  chunks[index].block = block;
  chunks[index].blocks = blocks;
  chunks[index].z = z;
  chunks[index].dc = dc;
  if (faults != 0u) {
    let image = chunks[index].image * STATUS_WORDS;
    atomicOr(&status[image], faults);
    atomicMin(&status[image + 1u], position);
  }
}
