// Crop, resize, flip, colour, layout and number format in one pass.
//
// One invocation makes a tile of 4 × 4 output pixels. It walks the rectangle of source pixels that
// any of the 16 needs, so that each is loaded once for all of them: a row is filtered across for
// four columns, and the result is weighed into four rows. Pixels beyond the view are its border's.
//
// Dispatch: x = ceil(width / 4 / WIDTH), y = ceil(height / 4 / HEIGHT), z = samples.
// Bindings: 0 samples, 1 source, 2 target. Parts: sample, source_*, filters, store.
override WIDTH: u32 = 8;
override HEIGHT: u32 = 8;
override FILTER_X: u32 = 0;
override FILTER_Y: u32 = 0;

const TILE = 4;

@compute @workgroup_size(WIDTH, HEIGHT, 1)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(workgroup_id) group: vec3<u32>,
) {
  // Not id.z: a workgroup's number is known to be the same for all its invocations.
  let n = group.z;
  let x0 = i32(id.x) * TILE;
  let y0 = i32(id.y) * TILE;
  let size = samples[n].size;
  if (x0 >= size.x || y0 >= size.y) {
    return;
  }
  let place = samples[n].place;
  let index = samples[n].index;
  let map = samples[n].map;
  let reach = samples[n].reach;

  let lanes = vec4<i32>(0, 1, 2, 3);
  let columns = index.x + index.z * min(x0 + lanes, vec4<i32>(size.x - 1));
  let rows = index.y + index.w * min(y0 + lanes, vec4<i32>(size.y - 1));
  let cx = centre(FILTER_X, map.x + (vec4<f32>(columns) + 0.5) * map.z);
  let cy = centre(FILTER_Y, map.y + (vec4<f32>(rows) + 0.5) * map.w);
  let left = i32(ceil(min(cx.x, cx.w) - reach.x));
  let right = i32(floor(max(cx.x, cx.w) + reach.x));
  let top = i32(ceil(min(cy.x, cy.w) - reach.y));
  let bottom = i32(floor(max(cy.x, cy.w) + reach.y));

  var sum_x = vec4<f32>(0.0);
  for (var k = left; k <= right; k++) {
    sum_x += weigh(FILTER_X, f32(k) - cx, reach.z);
  }

  var sum_y = vec4<f32>(0.0);
  var r0 = vec4<f32>(0.0);
  var r1 = vec4<f32>(0.0);
  var r2 = vec4<f32>(0.0);
  var r3 = vec4<f32>(0.0);
  var g0 = vec4<f32>(0.0);
  var g1 = vec4<f32>(0.0);
  var g2 = vec4<f32>(0.0);
  var g3 = vec4<f32>(0.0);
  var b0 = vec4<f32>(0.0);
  var b1 = vec4<f32>(0.0);
  var b2 = vec4<f32>(0.0);
  var b3 = vec4<f32>(0.0);
  for (var j = top; j <= bottom; j++) {
    let row = place.x + clamp(j, 0, size.w - 1) * place.z;
    var r = vec4<f32>(0.0);
    var g = vec4<f32>(0.0);
    var b = vec4<f32>(0.0);
    for (var k = left; k <= right; k++) {
      let pixel = load(row + clamp(k, 0, size.z - 1) * place.y);
      let w = weigh(FILTER_X, f32(k) - cx, reach.z);
      r += w * pixel.x;
      g += w * pixel.y;
      b += w * pixel.z;
    }
    let w = weigh(FILTER_Y, f32(j) - cy, reach.w);
    sum_y += w;
    r0 += w.x * r;
    g0 += w.x * g;
    b0 += w.x * b;
    r1 += w.y * r;
    g1 += w.y * g;
    b1 += w.y * b;
    r2 += w.z * r;
    g2 += w.z * g;
    b2 += w.z * b;
    r3 += w.w * r;
    g3 += w.w * g;
    b3 += w.w * b;
  }

  let s0 = 1.0 / (sum_x * sum_y.x);
  let s1 = 1.0 / (sum_x * sum_y.y);
  let s2 = 1.0 / (sum_x * sum_y.z);
  let s3 = 1.0 / (sum_x * sum_y.w);
  store(n, x0, y0, r0 * s0, g0 * s0, b0 * s0);
  store(n, x0, y0 + 1, r1 * s1, g1 * s1, b1 * s1);
  store(n, x0, y0 + 2, r2 * s2, g2 * s2, b2 * s2);
  store(n, x0, y0 + 3, r3 * s3, g3 * s3, b3 * s3);
}
