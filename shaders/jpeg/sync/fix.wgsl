// Decodes in order what has not synchronised by itself: one invocation per segment, from its first
// wrong subsequence on. A dispatch goes on until `cap` symbols or subsequences are done; where it ends
// stays in `marks` for the next dispatch, and a segment without faults costs next to nothing. (An
// adapter that runs on the CPU ends invocations after 65,535 turns of their loops, without an error:
// `cap` and the bits of one subsequence together stay below.) Follows walk.wgsl.
//
// Each is a workgroup of its own: invocations that run in lockstep would wait for each other in
// different subsequences, and their turns would add up.
//
// Dispatch: a workgroup per segment, folded into x and y.

@group(0) @binding(5) var<storage, read_write> exits: array<u32>;
@group(0) @binding(6) var<storage, read_write> found: array<Subsequence>;
@group(0) @binding(7) var<storage, read_write> marks: array<u32>;

@compute @workgroup_size(1)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  let owner = group.x + group.y * groups.x;
  if (owner >= params.segments) {
    return;
  }
  var index = marks[owner];
  if (index == NO_STATE) {
    return;
  }
  let segment = segments[owner];
  let end = segment.first + segment.subsequences;
  let half = (params.round & 1u) * params.count;
  for (var turns = 0u; turns < params.cap && index < end; index++) {
    turns++;
    let entry = exits[half + index - 1u];
    if (entry != found[index].entry) {
      let start = startOf(segment, index);
      let stop = stopOf(segment, start);
      let result = walk(segment, start, start + (entry & FIELD_MASK), stop, entry);
      exits[half + index] = result.exit;
      found[index] = result.found;
      turns += result.turns;
    }
  }
  marks[owner] = select(index, NO_STATE, index >= end);
}
