// Moves the numbers of a mask, each from the nearest one: the geometry of its image.
//
// Of the pixel program only the steps come that fill what lies outside of a rectangle.
// arguments[0].x: bits of the number that fills it.
//
// Dispatch: x = ceil(width / WIDTH), y = ceil(height / HEIGHT), z = samples.
// Bindings: 0 samples, 1 source, 2 target, 3 steps. Parts: sample, step.
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read_write> numbers: array<u32>;

override WIDTH: u32 = 8;
override HEIGHT: u32 = 8;
// Whether the geometry is a warp.
override WARP: u32 = 0;
// The bits of a source word that count.
override BITS: u32 = 0xffffffff;

@compute @workgroup_size(WIDTH, HEIGHT, 1)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(workgroup_id) group: vec3<u32>,
) {
  // Not id.z: a workgroup's number is known to be the same for all its invocations.
  let n = group.z;
  let x = i32(id.x);
  let y = i32(id.y);
  let sample = samples[n];
  if (x >= sample.size.x || y >= sample.size.y) {
    return;
  }
  // What fills the parts beyond the image.
  let fill = bitcast<u32>(sample.arguments[0].x);
  var sx = 0;
  var sy = 0;
  if (WARP == 1u) {
    let p = vec2<f32>(f32(x) + 0.5, f32(y) + 0.5);
    sx = i32(floor(dot(sample.warp_x.xy, p) + sample.warp_x.z));
    sy = i32(floor(dot(sample.warp_y.xy, p) + sample.warp_y.z));
  } else {
    let column = sample.index.x + sample.index.z * x;
    let row = sample.index.y + sample.index.w * y;
    let place = sample.map.xy + (vec2<f32>(f32(column), f32(row)) + 0.5) * sample.map.zw;
    let pixel = pixels_at(place.xyxy);
    sx = pixel.x;
    sy = pixel.y;
  }
  let inside = sx >= 0 && sy >= 0 && sx < sample.size.z && sy < sample.size.w;
  let cx = clamp(sx, 0, sample.size.z - 1);
  let cy = clamp(sy, 0, sample.size.w - 1);
  var number = source[sample.place.x + cx * sample.place.y + cy * sample.place.z] & BITS;
  if (!inside && sample.fill.w > 0.0) {
    number = fill;
  }
  for (var i = sample.program.x; i < sample.program.x + sample.program.y; i++) {
    let box = steps[i].a;
    let in_box = f32(x) >= box.x && f32(x) < box.z && f32(y) >= box.y && f32(y) < box.w;
    number = select(fill, number, in_box);
  }
  numbers[sample.place.w + y * sample.size.x + x] = number;
}
