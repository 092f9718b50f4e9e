// Decoded pictures: one u32 a pixel, R, G, B, 255 from the lowest byte up.
@group(0) @binding(1) var<storage, read> source: array<u32>;

fn load(i: i32) -> vec3<f32> {
  let pixel = source[i];
  return vec3<f32>(vec3<u32>(pixel & 255u, (pixel >> 8u) & 255u, (pixel >> 16u) & 255u));
}
