// Copies pixels, each from the nearest one of the view: crop, flip, resize without interpolation.
//
// One invocation makes 4 × 1 output pixels.
//
// Dispatch: x = ceil(width / 4 / WIDTH), y = ceil(height / HEIGHT), z = samples.
// Bindings: 0 samples, 1 source, 2 target. Parts: sample, source_*, store.
override WIDTH: u32 = 8;
override HEIGHT: u32 = 8;

const TILE = 4;

@compute @workgroup_size(WIDTH, HEIGHT, 1)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(workgroup_id) group: vec3<u32>,
) {
  // Not id.z: a workgroup's number is known to be the same for all its invocations.
  let n = group.z;
  let x0 = i32(id.x) * TILE;
  let y0 = i32(id.y);
  let size = samples[n].size;
  if (x0 >= size.x || y0 >= size.y) {
    return;
  }
  let place = samples[n].place;
  let index = samples[n].index;
  let map = samples[n].map;

  let columns = index.x + index.z * min(x0 + vec4<i32>(0, 1, 2, 3), vec4<i32>(size.x - 1));
  let row = index.y + index.w * y0;
  let sx = pixels_at(map.x + (vec4<f32>(columns) + 0.5) * map.z);
  let sy = pixels_at(vec4<f32>(map.y + (f32(row) + 0.5) * map.w)).x;
  let x = clamp(sx, vec4<i32>(0), vec4<i32>(size.z - 1)) * place.y;
  let base = place.x + clamp(sy, 0, size.w - 1) * place.z;

  let p0 = load(base + x.x);
  let p1 = load(base + x.y);
  let p2 = load(base + x.z);
  let p3 = load(base + x.w);
  store(
    n,
    x0,
    y0,
    vec4<f32>(p0.x, p1.x, p2.x, p3.x),
    vec4<f32>(p0.y, p1.y, p2.y, p3.y),
    vec4<f32>(p0.z, p1.z, p2.z, p3.z),
  );
}
