// Resamples along an affine map: rotation, shear, scale, translation, and crops and flips with them.
//
// One invocation makes 4 × 1 output pixels. The filter lies along the axes of the source, stretched
// by how far apart neighbouring output pixels are there.
//
// Dispatch: x = ceil(width / 4 / WIDTH), y = ceil(height / HEIGHT), z = samples.
// Bindings: 0 samples, 1 source, 2 target, 3 and 4 as in program. Parts: sample, source_*, filters,
// colours, program*, store.
override WIDTH: u32 = 8;
override HEIGHT: u32 = 8;
override FILTER: u32 = 0;

const TILE = 4;

// A pixel of the view, or what lies beyond it.
fn tap(n: u32, x: i32, y: i32) -> vec3<f32> {
  let place = samples[n].place;
  let size = samples[n].size;
  let inside = x >= 0 && y >= 0 && x < size.z && y < size.w;
  let cx = clamp(x, 0, size.z - 1);
  let cy = clamp(y, 0, size.w - 1);
  let pixel = load(place.x + cx * place.y + cy * place.z);
  let fill = samples[n].fill;
  return select(pixel, fill.xyz, !inside && fill.w > 0.0);
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
  let to_x = samples[n].warp_x;
  let to_y = samples[n].warp_y;
  let x = vec4<f32>(x0 + vec4<i32>(0, 1, 2, 3)) + 0.5;
  let y = f32(y0) + 0.5;
  let sx = to_x.x * x + to_x.y * y + to_x.z;
  let sy = to_y.x * x + to_y.y * y + to_y.z;
  var r = vec4<f32>(0.0);
  var g = vec4<f32>(0.0);
  var b = vec4<f32>(0.0);

  if (FILTER == NEAREST) {
    let kx = vec4<i32>(floor(sx));
    let ky = vec4<i32>(floor(sy));
    for (var lane = 0; lane < TILE; lane++) {
      let pixel = tap(n, kx[lane], ky[lane]);
      r[lane] = pixel.x;
      g[lane] = pixel.y;
      b[lane] = pixel.z;
    }
  } else {
    let reach = samples[n].reach;
    let cx = sx - 0.5;
    let cy = sy - 0.5;
    let left = ceil(cx - reach.x);
    let top = ceil(cy - reach.y);
    // A pixel at the end of the support weighs nothing, so that one less than it may hold is enough.
    let columns = i32(ceil(2.0 * reach.x));
    let rows = i32(ceil(2.0 * reach.y));
    var sum_x = vec4<f32>(0.0);
    for (var k = 0; k < columns; k++) {
      sum_x += weigh(FILTER, left + f32(k) - cx, reach.z);
    }
    var sum_y = vec4<f32>(0.0);
    for (var j = 0; j < rows; j++) {
      let py = top + f32(j);
      let wy = weigh(FILTER, py - cy, reach.w);
      sum_y += wy;
      for (var k = 0; k < columns; k++) {
        let px = left + f32(k);
        let w = wy * weigh(FILTER, px - cx, reach.z);
        let p0 = tap(n, i32(px.x), i32(py.x));
        let p1 = tap(n, i32(px.y), i32(py.y));
        let p2 = tap(n, i32(px.z), i32(py.z));
        let p3 = tap(n, i32(px.w), i32(py.w));
        r += w * vec4<f32>(p0.x, p1.x, p2.x, p3.x);
        g += w * vec4<f32>(p0.y, p1.y, p2.y, p3.y);
        b += w * vec4<f32>(p0.z, p1.z, p2.z, p3.z);
      }
    }
    let s = 1.0 / (sum_x * sum_y);
    r *= s;
    g *= s;
    b *= s;
  }
  store(n, x0, y0, r, g, b);
}
