// Transforms blocks of any component into a plane of bytes: one invocation per block. The planes are
// for pictures that no fused kernel takes; see picture_any.wgsl. Follows transform.wgsl.
//
// Dispatch: the workgroups of all components one after the other, folded into x and y; `owners`
// says whose each is. A component has ceil(blocks / WORKGROUP) of them.

override WORKGROUP: u32 = 32;

const BLOCK_ROWS: u32 = 8;
const VECTOR_WORDS: u32 = 2;

struct Params {
  workgroups: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(4) var<storage, read> owners: array<u32>;
@group(0) @binding(5) var<storage, read_write> samples: array<vec2<u32>>;

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
  let component = components[owners[workgroup]];
  let block = (workgroup - component.firstWorkgroup) * WORKGROUP + local;
  if (block >= component.blocks) {
    return;
  }
  let row = quotient(block, component.blocksWide);
  let column = block - row * component.blocksWide;
  let s = blockSamples(component, column, row);
  let pitch = component.blocksWide;
  let at = component.samples / VECTOR_WORDS + row * BLOCK_ROWS * pitch + column;
  samples[at] = s.r0;
  samples[at + pitch] = s.r1;
  samples[at + pitch * 2u] = s.r2;
  samples[at + pitch * 3u] = s.r3;
  samples[at + pitch * 4u] = s.r4;
  samples[at + pitch * 5u] = s.r5;
  samples[at + pitch * 6u] = s.r6;
  samples[at + pitch * 7u] = s.r7;
}
