// Stores eight pixels of a row one by one, for a picture that is to be turned; those right of its last
// one are not stored. A part of picture.wgsl.
//
// Binding: 7 words.
@group(0) @binding(7) var<storage, read_write> words: array<u32>;

fn store(picture: Picture, x: u32, y: u32, p: Pixels) {
  if (y < picture.height) {
    let at = picture.base + x * picture.stepX + y * picture.stepY;
    let left = picture.width - x;
    words[at] = p.a.x;
    if (left > 1u) {
      words[at + picture.stepX] = p.a.y;
    }
    if (left > 2u) {
      words[at + picture.stepX * 2u] = p.a.z;
    }
    if (left > 3u) {
      words[at + picture.stepX * 3u] = p.a.w;
    }
    if (left > 4u) {
      words[at + picture.stepX * 4u] = p.b.x;
    }
    if (left > 5u) {
      words[at + picture.stepX * 5u] = p.b.y;
    }
    if (left > 6u) {
      words[at + picture.stepX * 6u] = p.b.z;
    }
    if (left > 7u) {
      words[at + picture.stepX * 7u] = p.b.w;
    }
  }
}
