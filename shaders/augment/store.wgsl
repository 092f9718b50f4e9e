// Applies colour matrix and pixel program to four neighbouring pixels of a row and stores them.
//
// A number narrower than a word is stored with its neighbours as a whole word, so rows of u8 must
// be a multiple of 4 pixels wide and rows of f16 a multiple of 2: others go through pixels (FORMAT
// 2) and pack.wgsl.
@group(0) @binding(2) var<storage, read_write> target_words: array<u32>;

// 0: planes (NCHW), 1: interleaved (NHWC), 2: pixels of four f32 for a later pass.
override FORMAT: u32;
// 0: f32, 1: f16, 2: u8.
override DTYPE: u32;

// Rounds half to even and clamps; four numbers to four bytes.
fn bytes(v: vec4<f32>) -> u32 {
  let u = vec4<u32>(round(clamp(v, vec4<f32>(0.0), vec4<f32>(255.0))));
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

// Stores the pixels (x, y) to (x + 3, y), as far as they lie in the output.
fn store(sample: u32, x: i32, y: i32, r: vec4<f32>, g: vec4<f32>, b: vec4<f32>) {
  let width = samples[sample].size.x;
  let height = samples[sample].size.y;
  if (y >= height) {
    return;
  }
  let m0 = samples[sample].red;
  let m1 = samples[sample].green;
  let m2 = samples[sample].blue;
  let colours = run_program(
    sample,
    x,
    y,
    Colours(
      m0.x * r + m0.y * g + m0.z * b + m0.w,
      m1.x * r + m1.y * g + m1.z * b + m1.w,
      m2.x * r + m2.y * g + m2.z * b + m2.w,
    ),
  );
  let red = colours.r;
  let green = colours.g;
  let blue = colours.b;
  let first = samples[sample].place.w;
  let pixel = y * width + x;
  let count = min(4, width - x);
  if (FORMAT == 0u) {
    store_planes(first + pixel, width * height, count, red, green, blue);
  } else if (FORMAT == 1u) {
    store_interleaved(first + 3 * pixel, count, red, green, blue);
  } else {
    for (var i = 0; i < count; i++) {
      let word = 4 * (first + pixel + i);
      target_words[word] = bitcast<u32>(red[i]);
      target_words[word + 1] = bitcast<u32>(green[i]);
      target_words[word + 2] = bitcast<u32>(blue[i]);
    }
  }
}
