// One round of synchronising: one invocation per subsequence. Round 0 guesses the state in which each
// one ends, from its last bits, as if a block began there. Each further round decodes those whose
// predecessor's state has changed: once none does, all are as if decoded one after the other.
// Follows walk.wgsl.
//
// Dispatch: ceil(subsequences / WORKGROUP) workgroups, folded into x and y. `marks` is made ready for
// check.wgsl. `exits` has room for two rounds. A subsequence of n bits takes at most n turns of a loop.

override WORKGROUP: u32 = 32;

@group(0) @binding(5) var<storage, read> owners: array<u32>;
@group(0) @binding(6) var<storage, read_write> exits: array<u32>;
@group(0) @binding(7) var<storage, read_write> found: array<Subsequence>;
@group(0) @binding(8) var<storage, read_write> marks: array<u32>;

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
  let segment = segments[owners[index]];
  let start = startOf(segment, index);
  let stop = stopOf(segment, start);
  let here = (params.round & 1u) * params.count + index;
  if (params.round == 0u) {
    found[index].entry = NO_STATE;
    if (index == segment.first) {
      marks[owners[index]] = NO_STATE;
    }
    exits[here] = walk(segment, start, stop - min(params.tail, stop - start), stop, 0u).exit;
    return;
  }
  let before = params.count - (params.round & 1u) * params.count + index;
  var entry = 0u;
  if (index != segment.first) {
    entry = exits[before - 1u];
  }
  if (entry == found[index].entry) {
    exits[here] = exits[before];
    return;
  }
  let result = walk(segment, start, start + (entry & FIELD_MASK), stop, entry);
  exits[here] = result.exit;
  found[index] = result.found;
}
