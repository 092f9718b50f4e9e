// Four neighbouring pixels of a row by channel.
struct Colours {
  r: vec4<f32>,
  g: vec4<f32>,
  b: vec4<f32>,
}

// Rounds half to even and clamps: what a byte would hold.
fn to_byte(v: vec4<f32>) -> vec4<f32> {
  return round(clamp(v, vec4<f32>(0.0), vec4<f32>(255.0)));
}
