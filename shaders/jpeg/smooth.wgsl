// Block smoothing of progressive files whose AC coefficients are not all known: the first nine that are
// still zero are estimated from the DC values of the 5×5 blocks around, as libjpeg-turbo does
// (jdcoefct.c, decompress_smooth_data), and DC itself where nothing of AC is known. One invocation per
// block. Entry point `estimate` stores coefficients 0 to 9 elsewhere, as neighbours read the DC values;
// `apply` then puts them into their blocks.
//
// Dispatch: the workgroups of all components one after the other, folded into x and y; `owners` says
// whose each is. A component has ceil(blocks / WORKGROUP) of them.

override WORKGROUP: u32 = 32;

// 1 where `coefficients` has some rows of MCUs, in which the blocks of all components lie interleaved.
override WINDOWED: u32 = 0;

const BLOCK_WORDS: u32 = 32;
// Coefficients 0 to 9, two a word.
const SMOOTHED_WORDS: u32 = 5;
const WINDOW: u32 = 25;
// Estimated where nothing of AC is known, and else.
const MOST_ESTIMATES: u32 = 10;
const FEW_ESTIMATES: u32 = 6;
const WEIGHT_BITS: u32 = 8;
const ACROSS_SHIFT: u32 = 16;
const MCU_MASK: u32 = 0xffffu;

struct Params {
  workgroups: u32,
  ahead: u32, // blocks that `coefficients` has before those that `blocks` begins with
}

struct Component {
  firstWorkgroup: u32,
  base: u32, // first block
  pitch: u32, // blocks from one row to the next; where windowed, of MCUs
  wide: u32, // blocks across
  high: u32, // rows of blocks
  down: u32, // rows of blocks of an MCU
  mcuRows: u32,
  store: u32, // first block of what is estimated
  weights: u32, // where its weights begin
  blind: u32, // 1 where nothing of AC is known
  interleave: u32, // blocks of an MCU of all components, and above its own across, where windowed
  firstRow: u32, // of those that are smoothed
  count: u32, // blocks that are smoothed
  unknown: array<i32, 10>, // bits that are not known; -1 for none known
  quant: array<i32, 10>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> components: array<Component>;
@group(0) @binding(2) var<storage, read> owners: array<u32>;
// Per coefficient, the weights of the window, row by row.
@group(0) @binding(3) var<storage, read> weights: array<i32>;
@group(0) @binding(4) var<storage, read> coefficients: array<u32>;
@group(0) @binding(5) var<storage, read_write> smoothed: array<u32>;

fn half(words: u32, k: u32) -> i32 {
  return i32(words << (16u - ((k & 1u) << 4u))) >> 16u;
}

// The five rows, or columns, of the window. Where the picture ends libjpeg-turbo repeats the last one,
// but looks at whole rows of MCUs to tell, and takes the first column for all to the right of two.
fn rowsAround(row: u32, down: u32, high: u32, mcuRows: u32) -> array<u32, 5> {
  let mcu = row / down;
  let inside = row % down;
  let last = mcuRows - 1u;
  let rest = high % down;
  let here = select(down, select(rest, down, rest == 0u), mcu == last);
  let before = select(row, row - 1u, inside > 0u || mcu > 0u);
  let before2 = select(before, row - 2u, inside > 1u || mcu > 1u);
  let after = select(row, row + 1u, inside + 1u < here || mcu < last);
  let after2 = select(after, row + 2u, inside + 2u < here || mcu + 1u < last);
  return array<u32, 5>(before2, before, row, after, after2);
}

fn columnsAround(column: u32, wide: u32) -> array<u32, 5> {
  let last = wide - 1u;
  let two = wide == 2u;
  return array<u32, 5>(
    max(column, 2u) - 2u,
    max(column, 1u) - 1u,
    column,
    select(min(column + 1u, last), 0u, two && column == 1u),
    select(min(column + 2u, last), 0u, two),
  );
}

struct Place {
  owner: u32,
  n: u32, // of the block in its component
  isBlock: bool,
}

fn place(group: vec3<u32>, groups: vec3<u32>, local: u32) -> Place {
  let workgroup = group.x + group.y * groups.x;
  if (workgroup >= params.workgroups) {
    return Place(0u, 0u, false);
  }
  let owner = owners[workgroup];
  let n = (workgroup - components[owner].firstWorkgroup) * WORKGROUP + local;
  return Place(owner, n, n < components[owner].count);
}

// The block in a row and column of a component.
fn blockAt(c: u32, row: u32, column: u32) -> u32 {
  let base = components[c].base;
  let pitch = components[c].pitch;
  if (WINDOWED == 0u) {
    return base + row * pitch + column;
  }
  let down = components[c].down;
  let across = components[c].interleave >> ACROSS_SHIFT;
  let mcu = (column / across) * (components[c].interleave & MCU_MASK);
  return base + (row / down) * pitch + mcu + (row % down) * across + column % across;
}

@compute @workgroup_size(WORKGROUP)
fn estimate(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let here = place(group, groups, local);
  if (!here.isBlock) {
    return;
  }
  let c = here.owner;
  let wide = components[c].wide;
  let row = components[c].firstRow + here.n / wide;
  let column = here.n % wide;
  let rows = rowsAround(row, components[c].down, components[c].high, components[c].mcuRows);
  let columns = columnsAround(column, wide);
  var dc: array<i32, 25>;
  for (var y = 0u; y < 5u; y++) {
    for (var x = 0u; x < 5u; x++) {
      dc[y * 5u + x] = half(coefficients[blockAt(c, rows[y], columns[x]) * BLOCK_WORDS], 0u);
    }
  }
  let blind = components[c].blind == 1u;
  let from0 = blockAt(c, row, column) * BLOCK_WORDS;
  let store = (components[c].store + here.n) * SMOOTHED_WORDS;
  let count = select(FEW_ESTIMATES, MOST_ESTIMATES, blind);
  for (var pair = 0u; pair < SMOOTHED_WORDS; pair++) {
    var word = coefficients[from0 + pair];
    for (var k = pair * 2u; k < pair * 2u + 2u; k++) {
      let unknown = components[c].unknown[k];
      let wanted = select(blind, unknown != 0 && half(word, k) == 0, k > 0u);
      if (!wanted || k >= count) {
        continue;
      }
      var sum = 0;
      for (var i = 0u; i < WINDOW; i++) {
        sum += weights[components[c].weights + k * WINDOW + i] * dc[i];
      }
      sum *= components[c].quant[0];
      let quant = components[c].quant[k];
      var value = ((quant << (WEIGHT_BITS - 1u)) + abs(sum)) / (quant << WEIGHT_BITS);
      if (k > 0u && unknown > 0) {
        value = min(value, (1 << u32(unknown)) - 1);
      }
      value = select(value, -value, sum < 0);
      let shift = (k & 1u) << 4u;
      word = (word & ~(0xffffu << shift)) | ((u32(value) & 0xffffu) << shift);
    }
    smoothed[store + pair] = word;
  }
}

@group(0) @binding(3) var<storage, read> estimates: array<u32>;
@group(0) @binding(4) var<storage, read_write> blocks: array<u32>;

@compute @workgroup_size(WORKGROUP)
fn apply(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let here = place(group, groups, local);
  if (!here.isBlock) {
    return;
  }
  let c = here.owner;
  let row = components[c].firstRow + here.n / components[c].wide;
  let column = here.n % components[c].wide;
  let to = (blockAt(c, row, column) - params.ahead) * BLOCK_WORDS;
  let store = (components[c].store + here.n) * SMOOTHED_WORDS;
  for (var pair = 0u; pair < SMOOTHED_WORDS; pair++) {
    blocks[to + pair] = estimates[store + pair];
  }
}
