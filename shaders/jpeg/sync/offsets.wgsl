// Turns the sums of runs into sums of all runs before: one workgroup, each invocation of which takes
// ceil(groups / WORKGROUP) runs. Follows scan.wgsl.
//
// Dispatch: one workgroup.

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> sums: array<Sum>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(local_invocation_index) local: u32) {
  let share = (params.groups + WORKGROUP - 1u) / WORKGROUP;
  let begin = min(local * share, params.groups);
  let end = min(begin + share, params.groups);
  var own = Sum(0u, vec4(0));
  for (var i = begin; i < end; i++) {
    own = plus(own, sums[i]);
  }
  let sum = inclusive(own, local);
  var before = Sum(sum.blocks - own.blocks, sum.dc - own.dc);
  for (var i = begin; i < end; i++) {
    let next = plus(before, sums[i]);
    sums[i] = before;
    before = next;
  }
}
