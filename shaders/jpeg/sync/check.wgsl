// Finds, per segment, the first subsequence that was not decoded from the state in which its
// predecessor ends: one invocation per subsequence. Follows walk.wgsl.
//
// Dispatch: ceil(subsequences / WORKGROUP) workgroups, folded into x and y. `marks` holds
// NO_STATE where nothing was found.

override WORKGROUP: u32 = 32;

@group(0) @binding(5) var<storage, read> owners: array<u32>;
@group(0) @binding(6) var<storage, read_write> exits: array<u32>;
@group(0) @binding(7) var<storage, read_write> found: array<Subsequence>;
@group(0) @binding(8) var<storage, read_write> marks: array<atomic<u32>>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let index = (group.x + group.y * groups.x) * WORKGROUP + local;
  if (index >= params.count) {
    return;
  }
  let owner = owners[index];
  if (index == segments[owner].first) {
    return;
  }
  let before = (params.round & 1u) * params.count + index - 1u;
  if (found[index].entry != exits[before]) {
    atomicMin(&marks[owner], index);
  }
}
