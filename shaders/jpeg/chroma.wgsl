// Transforms the blocks of Cb and Cr that lie at one place and stores their samples side by side, for
// pictures whose chroma is halved across or down: one invocation per pair. A word holds
// Cb, Cr, Cb, Cr of two columns. Follows transform.wgsl.
//
// Dispatch: the workgroups of all pairs of components one after the other, folded into x and y;
// `owners` gives the Cb component, and Cr is the next one. A pair has ceil(blocks / WORKGROUP).

override WORKGROUP: u32 = 32;

const BLOCK_ROWS: u32 = 8;

struct Params {
  workgroups: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(4) var<storage, read> owners: array<u32>;
// A row of a block.
@group(0) @binding(5) var<storage, read_write> samples: array<vec4<u32>>;

// A row of both components: Cb, Cr, Cb, Cr in each word.
fn weave(blue: vec2<u32>, red: vec2<u32>) -> vec4<u32> {
  let b = vec4(blue.x, blue.x >> 16u, blue.y, blue.y >> 16u);
  let r = vec4(red.x, red.x >> 16u, red.y, red.y >> 16u);
  return (b & vec4(0xffu)) | ((b & vec4(0xff00u)) << vec4(8u)) | ((r & vec4(0xffu)) << vec4(8u)) |
    ((r & vec4(0xff00u)) << vec4(16u));
}

// Repeats the last of `edge` columns once: the triangle filter reads one beyond the component.
fn extend(row: vec4<u32>, edge: u32) -> vec4<u32> {
  let word = edge >> 1u;
  let before = select(row.xyzw, vec4(0u, row.xyz), (edge & 1u) == 0u);
  let odd = (row & vec4(0xffffu)) | (row << vec4(16u));
  let even = (row & vec4(0xffff0000u)) | (before >> vec4(16u));
  let put = select(odd, even, (edge & 1u) == 0u);
  return select(row, put, (vec4(word) == vec4(0u, 1u, 2u, 3u)) & vec4(edge != 0u));
}

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
  let owner = owners[workgroup];
  let blue = components[owner];
  let block = (workgroup - blue.firstWorkgroup) * WORKGROUP + local;
  if (block >= blue.blocks) {
    return;
  }
  let pitch = blue.blocksWide;
  let row = quotient(block, pitch);
  let column = block - row * pitch;
  var b: Bytes;
  var r: Bytes;
  for (var i = 0u; i < 2u; i++) {
    b = r;
    r = blockSamples(components[owner + i], column, row);
  }
  let at = blue.samples / 4u + row * BLOCK_ROWS * pitch + column;
  let edge = select(0u, (blue.shape >> EDGE_SHIFT) & FIELD_MASK, column + 1u == pitch);
  samples[at] = extend(weave(b.r0, r.r0), edge);
  samples[at + pitch] = extend(weave(b.r1, r.r1), edge);
  samples[at + pitch * 2u] = extend(weave(b.r2, r.r2), edge);
  samples[at + pitch * 3u] = extend(weave(b.r3, r.r3), edge);
  samples[at + pitch * 4u] = extend(weave(b.r4, r.r4), edge);
  samples[at + pitch * 5u] = extend(weave(b.r5, r.r5), edge);
  samples[at + pitch * 6u] = extend(weave(b.r6, r.r6), edge);
  samples[at + pitch * 7u] = extend(weave(b.r7, r.r7), edge);
}
