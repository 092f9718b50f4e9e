// Counts how often each byte is in red, green and blue.
//
// One workgroup counts CHUNK pixels in workgroup memory and adds its counts to the sample's 3 × 256.
//
// Dispatch: x and y = ceil(pixels / CHUNK) chunks (chunk = number in both), z = samples. size.xy: columns
// and rows that are counted.
// Bindings: 0 samples, 1 source, 2 counts. Parts: sample, source_*.
@group(0) @binding(2) var<storage, read_write> counts: array<atomic<u32>>;

override CHUNK: u32 = 4096;

const LANES = 256u;
const BINS = 768u;
var<workgroup> bins: array<atomic<u32>, BINS>;

@compute @workgroup_size(LANES, 1, 1)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let sample = samples[group.z];
  let pixels = u32(sample.size.x * sample.size.y);
  let first = (group.x + group.y * groups.x) * CHUNK;
  for (var i = first + lane; i < min(first + CHUNK, pixels); i += LANES) {
    let x = i32(i) % sample.size.x;
    let y = i32(i) / sample.size.x;
    let colour = load(sample.place.x + x * sample.place.y + y * sample.place.z);
    let byte = vec3<u32>(round(clamp(colour, vec3<f32>(0.0), vec3<f32>(255.0))));
    atomicAdd(&bins[byte.x], 1u);
    atomicAdd(&bins[256u + byte.y], 1u);
    atomicAdd(&bins[512u + byte.z], 1u);
  }
  workgroupBarrier();
  for (var bin = lane; bin < BINS; bin += LANES) {
    let count = atomicLoad(&bins[bin]);
    if (count > 0u) {
      atomicAdd(&counts[u32(sample.place.w) + bin], count);
    }
  }
}
