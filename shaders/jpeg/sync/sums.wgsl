// Adds up each run of WORKGROUP subsequences: one invocation per subsequence. Follows scan.wgsl.
//
// Dispatch: `groups` workgroups, folded into x and y.

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> found: array<Subsequence>;
@group(0) @binding(2) var<storage, read_write> sums: array<Sum>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let run = group.x + group.y * groups.x;
  let index = run * WORKGROUP + local;
  var own = Sum(0u, vec4(0));
  if (index < params.count) {
    own = Sum(found[index].blocks, found[index].dc);
  }
  let sum = inclusive(own, local);
  if (local == WORKGROUP - 1u && run < params.groups) {
    sums[run] = sum;
  }
}
