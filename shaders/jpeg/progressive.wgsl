// What the kernels share that decode pictures whose coefficients are gathered over several scans. This
// file goes before theirs.

const STATUS_WORDS: u32 = 2;
const BLOCK_WORDS: u32 = 32;

// Status flags; see src/jpeg/status.ts.
const TRUNCATED: u32 = 1;
const BAD_CODE: u32 = 2;
const EXTRA_BYTES: u32 = 4;

// A component's blocks of an MCU: across in the lower bits, down above.
const SHAPE_MASK: u32 = 255;
const SHAPE_SHIFT: u32 = 8;

// 1 where `coefficients` has some rows of MCUs of one picture, in which the blocks of all components lie
// interleaved; see src/jpeg/gathered_strips.ts. Else they lie by component, row by row.
override WINDOWED: u32 = 0;

struct Scan {
  pattern: u32, // component of each block of an MCU, 2 bits each
  columns: u32, // its column in the component's share of the MCU, 2 bits each
  rows: u32, // its row
  blocksPerMcu: u32,
  mcusAcross: u32,
  first: u32, // first coefficient of the band
  last: u32, // last coefficient
  shift: u32, // bits by which coefficients are shifted
  base: vec4<u32>, // first block of each component; where interleaved, its place in the frame's MCU
  pitch: vec4<u32>, // blocks from one row to the next; where interleaved, its share of the frame's MCU
  shape: vec4<u32>, // blocks of an MCU across and down
  dc: vec4<u32>, // where the DC table of each component begins
  ac: vec4<u32>, // where the AC table of each component begins
}

fn pick(v: vec4<u32>, component: u32) -> u32 {
  let low = select(v.x, v.y, component == 1u);
  return select(low, select(v.z, v.w, component == 3u), component >= 2u);
}

// In floats and then put right: integer division is far slower on CPUs.
fn quotient(n: u32, d: u32) -> u32 {
  var q = u32(f32(n) / f32(d));
  q -= u32(q * d > n);
  q += u32((q + 1u) * d <= n);
  return q;
}

// The block in a place of an MCU.
fn blockAt(scan: Scan, mcu: u32, place: u32) -> u32 {
  let component = (scan.pattern >> (place * 2u)) & 3u;
  let shape = pick(scan.shape, component);
  let mcuY = quotient(mcu, scan.mcusAcross);
  let mcuX = mcu - mcuY * scan.mcusAcross;
  let row = mcuY * (shape >> SHAPE_SHIFT) + ((scan.rows >> (place * 2u)) & 3u);
  let column = mcuX * (shape & SHAPE_MASK) + ((scan.columns >> (place * 2u)) & 3u);
  if (WINDOWED == 1u) {
    let share = pick(scan.pitch, component);
    let across = share & SHAPE_MASK;
    let down = share >> SHAPE_SHIFT;
    let y = quotient(row, down);
    let x = quotient(column, across);
    let inside = (row - y * down) * across + column - x * across;
    return y * params.rowBlocks + x * params.mcuBlocks + pick(scan.base, component) + inside;
  }
  return pick(scan.base, component) + row * pick(scan.pitch, component) + column;
}

// The first block that `coefficients` has.
fn origin() -> u32 {
  return select(0u, params.firstBlock, WINDOWED == 1u);
}

// Whether a block lies behind those that `coefficients` has: a later dispatch has it.
fn isBeyond(block: u32) -> bool {
  return WINDOWED == 1u && block >= params.end;
}

// A word of the entropy-coded data, whose first byte is the highest.
fn swapped(w: u32) -> u32 {
  return (w << 24u) | ((w & 0xff00u) << 8u) | ((w >> 8u) & 0xff00u) | (w >> 24u);
}
