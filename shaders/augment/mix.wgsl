// Blends each sample with its partner, or pastes a rectangle of the partner.
//
// One invocation makes 4 × 1 output pixels. arguments[0].x: weight of the sample itself;
// arguments[1]: the rectangle, from xy to before zw. index.x: first pixel of the partner.
//
// Dispatch: x = ceil(width / 4 / WIDTH), y = ceil(height / HEIGHT), z = samples.
// Bindings: 0 samples, 1 source, 2 target, 3 the partners. Parts: sample, source_f32, colours,
// program_none, store.
@group(0) @binding(3) var<storage, read> partners: array<vec4<f32>>;

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
  let own_weight = samples[n].arguments[0].x;
  let box = samples[n].arguments[1];
  var r = vec4<f32>(0.0);
  var g = vec4<f32>(0.0);
  var b = vec4<f32>(0.0);
  for (var lane = 0; lane < TILE; lane++) {
    let x = min(x0 + lane, size.x - 1);
    let i = y0 * size.x + x;
    let inside = f32(x) >= box.x && f32(x) < box.z && f32(y0) >= box.y && f32(y0) < box.w;
    let weight = select(own_weight, 0.0, inside);
    let own = load(samples[n].place.x + i);
    let pixel = own + (1.0 - weight) * (partners[samples[n].index.x + i].xyz - own);
    r[lane] = pixel.x;
    g[lane] = pixel.y;
    b[lane] = pixel.z;
  }
  store(n, x0, y0, r, g, b);
}
