// Decoded pictures, four pixels at a load: one u32 a pixel, R, G, B, 255 from the lowest byte up.
// Parts: colours.
@group(0) @binding(1) var<storage, read> source: array<vec4<u32>>;

fn load(i: i32) -> vec3<f32> {
  let pixel = source[i >> 2u][i & 3];
  return vec3<f32>(vec3<u32>(pixel & 255u, (pixel >> 8u) & 255u, (pixel >> 16u) & 255u));
}

// Quads begin at multiples of 4, as a picture's rows do.
const ALIGNED = 3;

// The pixels from number i on.
fn load_quad(i: i32, first: i32, last: i32) -> Colours {
  let pixels = source[i >> 2u];
  return Colours(
    vec4<f32>(pixels & vec4<u32>(255u)),
    vec4<f32>((pixels >> vec4<u32>(8u)) & vec4<u32>(255u)),
    vec4<f32>((pixels >> vec4<u32>(16u)) & vec4<u32>(255u)),
  );
}
