// Resamples one axis of one image where a filter is so wide that one invocation must not walk it.
//
// One workgroup makes one output pixel: its invocations share the pixels under the filter, and their
// sums are added up in workgroup memory. The other axis is copied line by line.
//
// Dispatch: x = output pixels along the axis, y and z = lines (line = y + z · number of y).
// Bindings: 0 samples (the first only), 1 source, 2 pixels. Parts: sample, source_*, filters.
@group(0) @binding(2) var<storage, read_write> pixels: array<vec4<f32>>;

override LANES: u32 = 64;
override FILTER: u32 = 0;
// 0: along rows, 1: along columns.
override AXIS: u32 = 0;

const MOST_LANES = 256u;
var<workgroup> sums: array<vec4<f32>, MOST_LANES>;

@compute @workgroup_size(LANES, 1, 1)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let sample = samples[0];
  let across = AXIS == 0u;
  let at = i32(group.x);
  let line = i32(group.y + group.z * groups.y);
  let lines = select(sample.size.z, sample.size.w, across);
  if (line >= lines) {
    return;
  }
  let length = select(sample.size.w, sample.size.z, across);
  let step = select(sample.place.z, sample.place.y, across);
  let line_step = select(sample.place.y, sample.place.z, across);
  let reach = select(sample.reach.yw, sample.reach.xz, across);
  let map = select(sample.map.yw, sample.map.xz, across);
  let index = select(sample.index.yw, sample.index.xz, across);

  let middle = centre(FILTER, vec4<f32>(map.x + (f32(index.x + index.y * at) + 0.5) * map.y)).x;
  let first = i32(ceil(middle - reach.x));
  let last = i32(floor(middle + reach.x));
  let base = sample.place.x + line * line_step;
  var sum = vec4<f32>(0.0);
  for (var k = first + i32(lane); k <= last; k += i32(LANES)) {
    let w = weigh(FILTER, vec4<f32>(f32(k) - middle), reach.y).x;
    sum += w * vec4<f32>(load(base + clamp(k, 0, length - 1) * step), 1.0);
  }
  sums[lane] = sum;
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (lane < half) {
      sums[lane] += sums[lane + half];
    }
    workgroupBarrier();
  }
  if (lane == 0u) {
    let total = sums[0];
    let place = select(at * sample.size.z + line, line * sample.size.x + at, across);
    pixels[sample.place.w + place] = vec4<f32>(total.xyz / total.w, 0.0);
  }
}
