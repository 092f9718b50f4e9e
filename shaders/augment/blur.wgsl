// Blurs along one axis with a Gaussian; beyond the border the image is mirrored without its
// outermost pixel (BORDER_REFLECT_101).
//
// One invocation makes 4 × 1 output pixels. arguments[0]: radius in pixels, 1 / (2 · sigma²).
//
// Dispatch: x = ceil(width / 4 / WIDTH), y = ceil(height / HEIGHT), z = samples.
// Bindings: 0 samples, 1 source, 2 target, 3 and 4 as in program. Parts: sample, source_*, colours,
// program*, store.
override WIDTH: u32 = 8;
override HEIGHT: u32 = 8;
// 0: along rows, 1: along columns.
override AXIS: u32 = 0;

const TILE = 4;

// In f32, as CPUs divide no vectors of whole numbers. A quotient that is rounded to the wrong side of
// a whole number gives the other end of the period, which is the same pixel.
fn mirror(i: vec4<i32>, length: i32) -> vec4<i32> {
  let period = f32(max(1, 2 * (length - 1)));
  let whole = vec4<f32>(abs(i));
  let k = whole - period * floor(whole / period);
  return vec4<i32>(min(k, period - k));
}

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
  let radius = i32(samples[n].arguments[0].x);
  let inverse = samples[n].arguments[0].y;
  let columns = min(x0 + vec4<i32>(0, 1, 2, 3), vec4<i32>(size.x - 1));
  var r = vec4<f32>(0.0);
  var g = vec4<f32>(0.0);
  var b = vec4<f32>(0.0);
  var sum = 0.0;
  for (var k = -radius; k <= radius; k++) {
    let w = exp(-f32(k * k) * inverse);
    var at = vec4<i32>(0);
    if (AXIS == 0u) {
      at = place.x + y0 * place.z + mirror(columns + k, size.x) * place.y;
    } else {
      at = place.x + mirror(vec4<i32>(y0 + k), size.y) * place.z + columns * place.y;
    }
    let p0 = load(at.x);
    let p1 = load(at.y);
    let p2 = load(at.z);
    let p3 = load(at.w);
    r += w * vec4<f32>(p0.x, p1.x, p2.x, p3.x);
    g += w * vec4<f32>(p0.y, p1.y, p2.y, p3.y);
    b += w * vec4<f32>(p0.z, p1.z, p2.z, p3.z);
    sum += w;
  }
  store(n, x0, y0, r / sum, g / sum, b / sum);
}
