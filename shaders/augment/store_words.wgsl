// Stores four neighbouring pixels of a row word by word.
//
// A number narrower than a word is stored with its neighbours as a whole word, so rows of u8 must
// be a multiple of 4 pixels wide and rows of f16 a multiple of 2: others go through pixels and
// pack.wgsl. Parts: colours.
@group(0) @binding(2) var<storage, read_write> target_words: array<u32>;

// 0: planes (NCHW), 1: interleaved (NHWC).
override FORMAT: u32;
// 0: f32, 1: f16, 2: u8.
override DTYPE: u32;

fn bytes(v: vec4<f32>) -> u32 {
  let u = vec4<u32>(to_byte(v));
  return u.x | (u.y << 8u) | (u.z << 16u) | (u.w << 24u);
}

fn store_planes(first: i32, plane: i32, count: i32, r: vec4<f32>, g: vec4<f32>, b: vec4<f32>) {
  if (DTYPE == 2u) {
    target_words[first / 4] = bytes(r);
    target_words[(first + plane) / 4] = bytes(g);
    target_words[(first + 2 * plane) / 4] = bytes(b);
  } else if (DTYPE == 1u) {
    let i = first / 2;
    let p = plane / 2;
    target_words[i] = pack2x16float(r.xy);
    target_words[i + p] = pack2x16float(g.xy);
    target_words[i + 2 * p] = pack2x16float(b.xy);
    if (count > 2) {
      target_words[i + 1] = pack2x16float(r.zw);
      target_words[i + p + 1] = pack2x16float(g.zw);
      target_words[i + 2 * p + 1] = pack2x16float(b.zw);
    }
  } else {
    for (var i = 0; i < count; i++) {
      target_words[first + i] = bitcast<u32>(r[i]);
      target_words[first + plane + i] = bitcast<u32>(g[i]);
      target_words[first + 2 * plane + i] = bitcast<u32>(b[i]);
    }
  }
}

fn store_interleaved(first: i32, count: i32, r: vec4<f32>, g: vec4<f32>, b: vec4<f32>) {
  if (DTYPE == 2u) {
    let i = first / 4;
    target_words[i] = bytes(vec4<f32>(r.x, g.x, b.x, r.y));
    target_words[i + 1] = bytes(vec4<f32>(g.y, b.y, r.z, g.z));
    target_words[i + 2] = bytes(vec4<f32>(b.z, r.w, g.w, b.w));
  } else if (DTYPE == 1u) {
    let i = first / 2;
    target_words[i] = pack2x16float(vec2<f32>(r.x, g.x));
    target_words[i + 1] = pack2x16float(vec2<f32>(b.x, r.y));
    target_words[i + 2] = pack2x16float(vec2<f32>(g.y, b.y));
    if (count > 2) {
      target_words[i + 3] = pack2x16float(vec2<f32>(r.z, g.z));
      target_words[i + 4] = pack2x16float(vec2<f32>(b.z, r.w));
      target_words[i + 5] = pack2x16float(vec2<f32>(g.w, b.w));
    }
  } else {
    for (var i = 0; i < count; i++) {
      target_words[first + 3 * i] = bitcast<u32>(r[i]);
      target_words[first + 3 * i + 1] = bitcast<u32>(g[i]);
      target_words[first + 3 * i + 2] = bitcast<u32>(b[i]);
    }
  }
}

// Stores the pixels number `pixel` to `pixel` + 3 of an image of `pixels`, of them the first `count`.
fn put(first: i32, pixel: i32, pixels: i32, count: i32, c: Colours) {
  if (FORMAT == 0u) {
    store_planes(first + pixel, pixels, count, c.r, c.g, c.b);
  } else {
    store_interleaved(first + 3 * pixel, count, c.r, c.g, c.b);
  }
}
