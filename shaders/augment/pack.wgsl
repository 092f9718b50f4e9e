// Packs pixels of four f32 into a tensor whose rows do not begin at whole words.
//
// One invocation makes one word of the target, and keeps those of its bytes that belong to others.
//
// Dispatch: x and y = workgroups of LANES words (word = number in both · LANES + lane).
// Bindings: 0 samples (the first only), 1 source, 2 target. Parts: sample, source_f32.
@group(0) @binding(2) var<storage, read_write> target_words: array<u32>;

override LANES: u32 = 64;
// 0: planes (NCHW), 1: interleaved (NHWC).
override FORMAT: u32;
// 1: f16, 2: u8.
override DTYPE: u32;

// One element as the bits that the tensor holds.
fn element(i: i32, pixels: i32) -> u32 {
  let in_image = i % (3 * pixels);
  let image = i / (3 * pixels);
  var pixel = in_image / 3;
  var channel = in_image % 3;
  if (FORMAT == 0u) {
    pixel = in_image % pixels;
    channel = in_image / pixels;
  }
  let value = load(samples[0].place.x + image * pixels + pixel)[channel];
  if (DTYPE == 1u) {
    return pack2x16float(vec2<f32>(value, 0.0));
  }
  return u32(round(clamp(value, 0.0, 255.0)));
}

@compute @workgroup_size(LANES, 1, 1)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let word = i32((group.x + group.y * groups.x) * LANES + lane);
  let pixels = samples[0].size.x * samples[0].size.y;
  // Elements from `first` to before `last` of the words are written; a word holds `per`.
  let first = samples[0].place.w;
  let last = first + samples[0].size.z * 3 * pixels;
  let per = select(4, 2, DTYPE == 1u);
  let bits = u32(32 / per);
  let from_element = word * per;
  if (from_element >= last || from_element + per <= first) {
    return;
  }
  var value = 0u;
  var kept = 0u;
  for (var i = 0; i < per; i++) {
    let shift = u32(i) * bits;
    let e = from_element + i;
    if (e >= first && e < last) {
      value |= element(e - first, pixels) << shift;
    } else {
      kept |= ((1u << bits) - 1u) << shift;
    }
  }
  if (kept != 0u) {
    value |= target_words[word] & kept;
  }
  target_words[word] = value;
}
