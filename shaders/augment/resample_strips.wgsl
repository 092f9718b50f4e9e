// What resample.wgsl does, for filters whose weights take long to work out.
//
// One invocation makes a tile of 4 × 4 output pixels. It walks the rectangle of source pixels that
// any of the 16 needs in strips of three quads, a quad of pixels at a load. The weights of a strip are
// worked out once for all its rows; a row is filtered across for four columns, and the result is
// weighed into four rows. Pixels beyond the view are its border's.
//
// Dispatch: x = ceil(width / 4 / WIDTH), y = ceil(height / 4 / HEIGHT), z = samples.
// Bindings: 0 samples, 1 source, 2 target. Parts: sample, source_*_quads, filters, colours,
// program*, store.
override WIDTH: u32 = 8;
override HEIGHT: u32 = 8;
override FILTER_X: u32 = 0;
override FILTER_Y: u32 = 0;

const TILE = 4;
const QUAD = 4;
// Pixels whose weights are kept while the rows are walked: three quads.
const STRIP = 12;
const FAR = 1e6;

// Weights of the four pixels of a quad for four columns of the output.
struct Weights {
  a: vec4<f32>,
  b: vec4<f32>,
  c: vec4<f32>,
  d: vec4<f32>,
}

// `m`: where the quad begins, counted from the first column of the view in memory.
fn weigh_quad(n: u32, m: i32, centres: vec4<f32>) -> Weights {
  let columns = (m + vec4<i32>(0, 1, 2, 3)) * samples[n].place.y;
  // One that is not in the view is so far away that it weighs nothing.
  let seen = columns >= vec4<i32>(0) & columns < vec4<i32>(samples[n].size.z);
  let k = select(vec4<f32>(FAR), vec4<f32>(columns), seen);
  let inverse = samples[n].reach.z;
  return Weights(
    weigh(FILTER_X, k.x - centres, inverse),
    weigh(FILTER_X, k.y - centres, inverse),
    weigh(FILTER_X, k.z - centres, inverse),
    weigh(FILTER_X, k.w - centres, inverse),
  );
}

fn filter_quad(q: Colours, w: Weights) -> Colours {
  return Colours(
    w.a * q.r.x + w.b * q.r.y + w.c * q.r.z + w.d * q.r.w,
    w.a * q.g.x + w.b * q.g.y + w.c * q.g.z + w.d * q.g.w,
    w.a * q.b.x + w.b * q.b.y + w.c * q.b.z + w.d * q.b.w,
  );
}

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
  let cx = map.x + (vec4<f32>(columns) + 0.5) * map.z - 0.5;
  let cy = map.y + (vec4<f32>(rows) + 0.5) * map.w - 0.5;
  let left = i32(ceil(min(cx.x, cx.w) - reach.x));
  let right = i32(floor(max(cx.x, cx.w) + reach.x));
  let top = i32(ceil(min(cy.x, cy.w) - reach.y));
  let bottom = i32(floor(max(cy.x, cy.w) + reach.y));

  // Pixels before the first column of the view are that one, and those after the last one likewise.
  let most = size.z - 1;
  var sum_x = vec4<f32>(0.0);
  var before = vec4<f32>(0.0);
  var after = vec4<f32>(0.0);
  for (var k = left; k <= right; k++) {
    let w = weigh(FILTER_X, f32(k) - cx, reach.z);
    sum_x += w;
    before += select(vec4<f32>(0.0), w, k < 0);
    after += select(vec4<f32>(0.0), w, k > most);
  }
  let beyond_left = select(0, 1, left < 0);
  let beyond_right = select(0, 1, right > most);
  let low = min(clamp(left, 0, most) * place.y, clamp(right, 0, most) * place.y);
  let high = max(clamp(left, 0, most) * place.y, clamp(right, 0, most) * place.y);
  let start = low - ((place.x + low) & ALIGNED);

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
  for (var m = start; m <= high; m += STRIP) {
    let w0 = weigh_quad(n, m, cx);
    let w1 = weigh_quad(n, m + QUAD, cx);
    let w2 = weigh_quad(n, m + 2 * QUAD, cx);
    let is_first = m == start;
    let count_left = select(0, beyond_left, is_first);
    let count_right = select(0, beyond_right, is_first);
    for (var j = top; j <= bottom; j++) {
      let row = place.x + clamp(j, 0, size.w - 1) * place.z;
      let c0 = filter_quad(load_quad(row + m, row + low, row + high), w0);
      let c1 = filter_quad(load_quad(row + m + QUAD, row + low, row + high), w1);
      let c2 = filter_quad(load_quad(row + m + 2 * QUAD, row + low, row + high), w2);
      var r = c0.r + c1.r + c2.r;
      var g = c0.g + c1.g + c2.g;
      var b = c0.b + c1.b + c2.b;
      // Loops, as some adapters do both sides of an if but leave a loop early.
      for (var i = 0; i < count_left; i++) {
        let pixel = load(row);
        r += before * pixel.x;
        g += before * pixel.y;
        b += before * pixel.z;
      }
      for (var i = 0; i < count_right; i++) {
        let pixel = load(row + most * place.y);
        r += after * pixel.x;
        g += after * pixel.y;
        b += after * pixel.z;
      }
      let w = weigh(FILTER_Y, f32(j) - cy, reach.w);
      sum_y += select(vec4<f32>(0.0), w, is_first);
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
