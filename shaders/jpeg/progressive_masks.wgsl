// Marks which coefficients of a block are not zero, for refining scans: one invocation per block.
//
// Dispatch: ceil(blocks / WORKGROUP) workgroups, folded into x and y.

override WORKGROUP: u32 = 64;

const BLOCK_VECTORS: u32 = 8;
const VECTOR_COEFFICIENTS: u32 = 8;
const HALF_VECTORS: u32 = 4;

struct Params {
  workgroups: u32,
  blocks: u32,
  firstBlock: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> coefficients: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read_write> masks: array<vec2<u32>>;

fn marks(pairs: vec4<u32>) -> u32 {
  let low = select(vec4(0u), vec4(1u, 4u, 16u, 64u), (pairs & vec4(0xffffu)) != vec4(0u));
  let high = select(vec4(0u), vec4(2u, 8u, 32u, 128u), (pairs >> vec4(16u)) != vec4(0u));
  let all = low | high;
  return all.x | all.y | all.z | all.w;
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let block = (group.x + group.y * groups.x) * WORKGROUP + local;
  if (block >= params.blocks) {
    return;
  }
  let at = (params.firstBlock + block) * BLOCK_VECTORS;
  var mask = vec2(0u);
  for (var i = 0u; i < HALF_VECTORS; i++) {
    let shift = i * VECTOR_COEFFICIENTS;
    mask |= vec2(marks(coefficients[at + i]), marks(coefficients[at + HALF_VECTORS + i])) <<
      vec2(shift);
  }
  masks[block] = mask;
}
