// Finds the least and the largest byte of red, green and blue, and adds up luma (ITU-R BT.601, as
// Pillow rounds it): much less work than counting every byte, where no more is asked for.
//
// Each invocation walks pixels by itself; the workgroup, and then all workgroups, put them together.
// counts: 255 - least and largest of red, green, blue; lower 16 bits of the sums of luma, and upper.
//
// Dispatch: x and y = ceil(pixels / CHUNK) chunks (chunk = number in both), z = samples. size.xy: columns
// and rows that are looked at.
// Bindings: 0 samples, 1 source, 2 counts. Parts: sample, source_*.
@group(0) @binding(2) var<storage, read_write> counts: array<atomic<u32>>;

override CHUNK: u32 = 4096;

const LANES = 64u;
const SUM = 6u;
const WORDS = 8u;
const MOST = 255u;
var<workgroup> found: array<atomic<u32>, WORDS>;

@compute @workgroup_size(LANES, 1, 1)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let sample = samples[group.z];
  let pixels = u32(sample.size.x * sample.size.y);
  let first = (group.x + group.y * groups.x) * CHUNK;
  var least = vec3<u32>(MOST);
  var largest = vec3<u32>(0u);
  var luma = 0u;
  for (var i = first + lane; i < min(first + CHUNK, pixels); i += LANES) {
    let x = i32(i) % sample.size.x;
    let y = i32(i) / sample.size.x;
    let colour = load(sample.place.x + x * sample.place.y + y * sample.place.z);
    let byte = vec3<u32>(round(clamp(colour, vec3<f32>(0.0), vec3<f32>(255.0))));
    least = min(least, byte);
    largest = max(largest, byte);
    luma += (19595u * byte.x + 38470u * byte.y + 7471u * byte.z + 32768u) >> 16u;
  }
  for (var c = 0u; c < 3u; c++) {
    atomicMax(&found[2u * c], MOST - least[c]);
    atomicMax(&found[2u * c + 1u], largest[c]);
  }
  atomicAdd(&found[SUM], luma);
  workgroupBarrier();
  if (lane < SUM) {
    atomicMax(&counts[u32(sample.place.w) + lane], atomicLoad(&found[lane]));
  } else if (lane < WORDS) {
    // All of an image's luma may be more than a word holds.
    let sum = atomicLoad(&found[SUM]);
    let half = select(sum & 0xffffu, sum >> 16u, lane > SUM);
    atomicAdd(&counts[u32(sample.place.w) + lane], half);
  }
}
