// A caller's own operator: `operate` is written by the caller, `Params` and `read_params` are
// generated from the names of its parameters.
//
// One invocation makes 4 × 1 output pixels.
//
// Dispatch: x = ceil(width / 4 / WIDTH), y = ceil(height / HEIGHT), z = samples.
// Bindings: 0 samples, 1 source, 2 target, 3 and 4 as in program. Parts: sample, source_*, colours,
// program*, store, and the caller's.
override WIDTH: u32 = 8;
override HEIGHT: u32 = 8;

const TILE = 4;

// Which sample this invocation works on.
var<private> current: u32;

// Columns and rows of the image.
fn image_size() -> vec2<i32> {
  return samples[current].size.xy;
}

// A pixel's red, green and blue, 0–255; beyond the border the outermost pixel goes on.
fn pixel(at: vec2<i32>) -> vec3<f32> {
  let place = samples[current].place;
  let p = clamp(at, vec2<i32>(0), image_size() - 1);
  return load(place.x + p.x * place.y + p.y * place.z);
}

@compute @workgroup_size(WIDTH, HEIGHT, 1)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(workgroup_id) group: vec3<u32>,
) {
  current = group.z;
  let x0 = i32(id.x) * TILE;
  let y0 = i32(id.y);
  let size = image_size();
  if (x0 >= size.x || y0 >= size.y) {
    return;
  }
  let params = read_params();
  var r = vec4<f32>(0.0);
  var g = vec4<f32>(0.0);
  var b = vec4<f32>(0.0);
  for (var lane = 0; lane < TILE; lane++) {
    let at = vec2<i32>(min(x0 + lane, size.x - 1), y0);
    let colour = operate(pixel(at), at, params);
    r[lane] = colour.x;
    g[lane] = colour.y;
    b[lane] = colour.z;
  }
  store(current, x0, y0, r, g, b);
}
