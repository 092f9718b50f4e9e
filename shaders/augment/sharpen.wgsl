// Blends each pixel with its neighbourhood smoothed by (1 1 1; 1 5 1; 1 1 1) / 13. The outermost
// pixels stay.
//
// One invocation makes 4 × 1 output pixels. arguments[0].x: weight of the image, that of the
// smoothed one is 1 - it.
//
// Dispatch: x = ceil(width / 4 / WIDTH), y = ceil(height / HEIGHT), z = samples.
// Bindings: 0 samples, 1 source, 2 target, 3 and 4 as in program. Parts: sample, source_*, colours,
// program*, store.
override WIDTH: u32 = 8;
override HEIGHT: u32 = 8;

const TILE = 4;
const CENTRE_WEIGHT = 5.0;
const ALL_WEIGHTS = 13.0;

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
  let factor = samples[n].arguments[0].x;
  let lanes = vec4<i32>(0, 1, 2, 3);
  // Own colours, and the sums of all nine; each pixel is loaded once for up to three of the four.
  var r = vec4<f32>(0.0);
  var g = vec4<f32>(0.0);
  var b = vec4<f32>(0.0);
  var sum_r = vec4<f32>(0.0);
  var sum_g = vec4<f32>(0.0);
  var sum_b = vec4<f32>(0.0);
  for (var j = -1; j <= 1; j++) {
    let row = place.x + clamp(y0 + j, 0, size.y - 1) * place.z;
    for (var k = -1; k <= TILE; k++) {
      let pixel = load(row + clamp(x0 + k, 0, size.x - 1) * place.y);
      let near = select(vec4<f32>(0.0), vec4<f32>(1.0), abs(k - lanes) <= vec4<i32>(1));
      sum_r += near * pixel.x;
      sum_g += near * pixel.y;
      sum_b += near * pixel.z;
      let own = vec4<bool>(j == 0) & (lanes == vec4<i32>(k));
      r = select(r, vec4<f32>(pixel.x), own);
      g = select(g, vec4<f32>(pixel.y), own);
      b = select(b, vec4<f32>(pixel.z), own);
    }
  }
  let x = x0 + lanes;
  let inside = (x > vec4<i32>(0)) & (x < vec4<i32>(size.x - 1)) &
    vec4<bool>(y0 > 0 && y0 < size.y - 1);
  store(
    n,
    x0,
    y0,
    select(r, sharpen(factor, r, sum_r), inside),
    select(g, sharpen(factor, g, sum_g), inside),
    select(b, sharpen(factor, b, sum_b), inside),
  );
}

fn sharpen(factor: f32, own: vec4<f32>, sum: vec4<f32>) -> vec4<f32> {
  let smoothed = (sum + (CENTRE_WEIGHT - 1.0) * own) / ALL_WEIGHTS;
  return factor * own + (1.0 - factor) * smoothed;
}
