// Writes a chunk record per subsequence, for entropy.wgsl: the blocks that begin in it. The last block
// that begins in a segment takes along what the segment has too few of, so that its data is found to be
// truncated as if decoded in one go. One invocation per subsequence. Follows walk.wgsl.
//
// Dispatch: ceil(subsequences / WORKGROUP) workgroups, folded into x and y.

override WORKGROUP: u32 = 32;

const BLOCK_WORDS: u32 = 32;
// End of a chunk after which other blocks of its segment follow.
const NO_END: u32 = 0xffffffffu;

struct Sum {
  blocks: u32,
  dc: vec4<i32>,
}

struct Chunk {
  position: u32,
  end: u32,
  address: u32,
  blocks: u32,
  scan: u32,
  image: u32,
  z: u32,
  place: u32,
  dc: vec4<i32>,
}

@group(0) @binding(5) var<storage, read> owners: array<u32>;
@group(0) @binding(6) var<storage, read_write> found: array<Subsequence>;
@group(0) @binding(7) var<storage, read_write> before: array<Sum>;
@group(0) @binding(8) var<storage, read_write> chunks: array<Chunk>;

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
  let own = found[index];
  let base = before[segment.first];
  let begun = before[segment.first + segment.subsequences].blocks - base.blocks;
  let earlier = before[index].blocks - base.blocks;
  let left = segment.blocks - min(earlier, segment.blocks);
  let last = own.blocks >= left || earlier + own.blocks == begun;
  chunks[index] = Chunk(
    startOf(segment, index) + (own.first >> FIRST_SHIFT),
    select(NO_END, segment.end, last),
    segment.address + earlier * BLOCK_WORDS,
    select(select(own.blocks, left, last), 0u, own.blocks == 0u),
    segment.scan,
    segment.image,
    0u,
    own.first & PLACE_MASK,
    before[index].dc - base.dc,
  );
}
