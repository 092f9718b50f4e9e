// Four pixels of what an earlier pass left. Parts: source_f32, colours.

// Quads may begin anywhere.
const ALIGNED = 0;

// The pixels from number i on, those beyond `first` or `last` being these: what lies there may not be
// a number.
fn load_quad(i: i32, first: i32, last: i32) -> Colours {
  let p0 = source[clamp(i, first, last)];
  let p1 = source[clamp(i + 1, first, last)];
  let p2 = source[clamp(i + 2, first, last)];
  let p3 = source[clamp(i + 3, first, last)];
  return Colours(
    vec4<f32>(p0.x, p1.x, p2.x, p3.x),
    vec4<f32>(p0.y, p1.y, p2.y, p3.y),
    vec4<f32>(p0.z, p1.z, p2.z, p3.z),
  );
}
