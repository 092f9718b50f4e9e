// Stores four neighbouring pixels of a row as f32, four numbers at a time: rows are a multiple of 4
// pixels wide, and the tensor begins at a multiple of 16 bytes. Parts: colours.
@group(0) @binding(2) var<storage, read_write> target_vectors: array<vec4<f32>>;

// 0: planes (NCHW), 1: interleaved (NHWC).
override FORMAT: u32;

// Stores the pixels number `pixel` to `pixel` + 3 of an image of `pixels`.
fn put(first: i32, pixel: i32, pixels: i32, count: i32, c: Colours) {
  if (FORMAT == 0u) {
    let i = (first + pixel) / 4;
    target_vectors[i] = c.r;
    target_vectors[i + pixels / 4] = c.g;
    target_vectors[i + pixels / 2] = c.b;
  } else {
    let i = (first + 3 * pixel) / 4;
    target_vectors[i] = vec4<f32>(c.r.x, c.g.x, c.b.x, c.r.y);
    target_vectors[i + 1] = vec4<f32>(c.g.y, c.b.y, c.r.z, c.g.z);
    target_vectors[i + 2] = vec4<f32>(c.b.z, c.r.w, c.g.w, c.b.w);
  }
}
