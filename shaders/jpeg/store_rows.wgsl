// Stores eight pixels of a row as vectors of 4. It may write beyond a row's end, as rows are a multiple
// of 16 pixels apart. A part of picture.wgsl.
//
// Binding: 7 pixels.
@group(0) @binding(7) var<storage, read_write> pixels: array<vec4<u32>>;

const PIXEL_VECTOR: u32 = 4;

fn store(picture: Picture, x: u32, y: u32, p: Pixels) {
  if (y < picture.height) {
    let at = (picture.base + y * picture.stepY + x) / PIXEL_VECTOR;
    pixels[at] = p.a;
    pixels[at + 1u] = p.b;
  }
}
