// Blurs along one axis with a Gaussian; beyond the border the image is mirrored without its
// outermost pixel (BORDER_REFLECT_101).
//
// One invocation makes 4 × 1 output pixels along rows, or 4 × 4 along columns, so that each pixel
// under the window is loaded once for four. arguments[0]: radius in pixels, 1 / (2 · sigma²).
//
// Dispatch: x = ceil(width / 4 / WIDTH), y = ceil(height / HEIGHT / (1 or 4)), z = samples.
// Bindings: 0 samples, 1 source, 2 target, 3 and 4 as in program. Parts: sample, source_*, colours,
// program*, store.
override WIDTH: u32 = 8;
override HEIGHT: u32 = 8;
// 0: along rows, 1: along columns.
override AXIS: u32 = 0;

const TILE = 4;
const LANES = vec4<f32>(0.0, 1.0, 2.0, 3.0);

// In f32, as CPUs divide no vectors of whole numbers. A quotient that is rounded to the wrong side of
// a whole number gives the other end of the period, which is the same pixel.
fn mirror(i: i32, length: i32) -> i32 {
  let period = f32(max(1, 2 * (length - 1)));
  let whole = f32(abs(i));
  let k = whole - period * floor(whole / period);
  return i32(min(k, period - k));
}

// Weights of what lies k pixels after the tile's first for its four rows or columns.
fn gauss(k: i32, window: vec2<f32>) -> vec4<f32> {
  let d = f32(k) - LANES;
  return select(vec4<f32>(0.0), exp(-d * d * window.y), abs(d) <= vec4<f32>(window.x));
}

@compute @workgroup_size(WIDTH, HEIGHT, 1)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(workgroup_id) group: vec3<u32>,
) {
  // Not id.z: a workgroup's number is known to be the same for all its invocations.
  let n = group.z;
  let x0 = i32(id.x) * TILE;
  let y0 = i32(id.y) * select(1, TILE, AXIS == 1u);
  let size = samples[n].size;
  if (x0 >= size.x || y0 >= size.y) {
    return;
  }
  let place = samples[n].place;
  let window = samples[n].arguments[0].xy;
  let radius = i32(window.x);
  var sum = vec4<f32>(0.0);
  if (AXIS == 0u) {
    let row = place.x + y0 * place.z;
    var r = vec4<f32>(0.0);
    var g = vec4<f32>(0.0);
    var b = vec4<f32>(0.0);
    for (var k = -radius; k < radius + TILE; k++) {
      let pixel = load(row + mirror(x0 + k, size.x) * place.y);
      let w = gauss(k, window);
      r += w * pixel.x;
      g += w * pixel.y;
      b += w * pixel.z;
      sum += w;
    }
    store(n, x0, y0, r / sum, g / sum, b / sum);
  } else {
    let columns = min(x0 + vec4<i32>(0, 1, 2, 3), vec4<i32>(size.x - 1)) * place.y;
    var r: array<vec4<f32>, TILE>;
    var g: array<vec4<f32>, TILE>;
    var b: array<vec4<f32>, TILE>;
    for (var k = -radius; k < radius + TILE; k++) {
      let at = place.x + mirror(y0 + k, size.y) * place.z + columns;
      let p0 = load(at.x);
      let p1 = load(at.y);
      let p2 = load(at.z);
      let p3 = load(at.w);
      let red = vec4<f32>(p0.x, p1.x, p2.x, p3.x);
      let green = vec4<f32>(p0.y, p1.y, p2.y, p3.y);
      let blue = vec4<f32>(p0.z, p1.z, p2.z, p3.z);
      let w = gauss(k, window);
      r[0] += w.x * red;
      r[1] += w.y * red;
      r[2] += w.z * red;
      r[3] += w.w * red;
      g[0] += w.x * green;
      g[1] += w.y * green;
      g[2] += w.z * green;
      g[3] += w.w * green;
      b[0] += w.x * blue;
      b[1] += w.y * blue;
      b[2] += w.z * blue;
      b[3] += w.w * blue;
      sum += w;
    }
    store(n, x0, y0, r[0] / sum.x, g[0] / sum.x, b[0] / sum.x);
    store(n, x0, y0 + 1, r[1] / sum.y, g[1] / sum.y, b[1] / sum.y);
    store(n, x0, y0 + 2, r[2] / sum.z, g[2] / sum.z, b[2] / sum.z);
    store(n, x0, y0 + 3, r[3] / sum.w, g[3] / sum.w, b[3] / sum.w);
  }
}
