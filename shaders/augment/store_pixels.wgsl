// Stores four neighbouring pixels of a row for a later pass: R, G, B and one that is not used, as f32.
// Parts: colours.
@group(0) @binding(2) var<storage, read_write> target_pixels: array<vec4<f32>>;

// Stores the pixels number `pixel` to `pixel` + 3 of an image, of them the first `count`.
fn put(first: i32, pixel: i32, pixels: i32, count: i32, c: Colours) {
  let i = first + pixel;
  target_pixels[i] = vec4<f32>(c.r.x, c.g.x, c.b.x, 0.0);
  if (count > 1) {
    target_pixels[i + 1] = vec4<f32>(c.r.y, c.g.y, c.b.y, 0.0);
  }
  if (count > 2) {
    target_pixels[i + 2] = vec4<f32>(c.r.z, c.g.z, c.b.z, 0.0);
  }
  if (count > 3) {
    target_pixels[i + 3] = vec4<f32>(c.r.w, c.g.w, c.b.w, 0.0);
  }
}
