// What an earlier pass left: four f32 a pixel, R, G, B and one that is not used.
@group(0) @binding(1) var<storage, read> source: array<vec4<f32>>;

fn load(i: i32) -> vec3<f32> {
  return source[i].xyz;
}
