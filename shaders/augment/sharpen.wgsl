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
  var r = vec4<f32>(0.0);
  var g = vec4<f32>(0.0);
  var b = vec4<f32>(0.0);
  for (var lane = 0; lane < TILE; lane++) {
    let x = min(x0 + lane, size.x - 1);
    let at = place.x + x * place.y + y0 * place.z;
    let own = load(at);
    var pixel = own;
    if (x > 0 && y0 > 0 && x < size.x - 1 && y0 < size.y - 1) {
      var sum = (CENTRE_WEIGHT - 1.0) * own;
      for (var j = -1; j <= 1; j++) {
        for (var k = -1; k <= 1; k++) {
          sum += load(at + k * place.y + j * place.z);
        }
      }
      pixel = factor * own + (1.0 - factor) * sum / ALL_WEIGHTS;
    }
    r[lane] = pixel.x;
    g[lane] = pixel.y;
    b[lane] = pixel.z;
  }
  store(n, x0, y0, r, g, b);
}
