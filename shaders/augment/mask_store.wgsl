// Pastes rectangles of the partners' masks, and stores numbers as words or as bytes.
//
// One invocation makes one word of the target: one number, or four of which it keeps those that
// belong to others. arguments[1]: the rectangle, from xy to before zw. index.x: first number of the
// partner.
//
// Dispatch: x and y = workgroups of LANES words (word = number in both · LANES + lane), z = samples.
// Bindings: 0 samples, 1 source, 2 target, 3 the partners. Parts: sample.
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read_write> target_words: array<atomic<u32>>;
@group(0) @binding(3) var<storage, read> partners: array<u32>;

override LANES: u32 = 64;
// Numbers in a word: 1 (i32) or 4 (u8).
override PER: u32 = 1;

fn number(n: u32, i: i32) -> u32 {
  let x = f32(i % samples[n].size.x);
  let y = f32(i / samples[n].size.x);
  let box = samples[n].arguments[1];
  let inside = x >= box.x && x < box.z && y >= box.y && y < box.w;
  if (inside) {
    return partners[samples[n].index.x + i];
  }
  return source[samples[n].place.x + i];
}

@compute @workgroup_size(LANES, 1, 1)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let n = group.z;
  let pixels = samples[n].size.x * samples[n].size.y;
  let first = samples[n].place.w;
  let per = i32(PER);
  // The words that any number of the sample lies in.
  let word = first / per + i32((group.x + group.y * groups.x) * LANES + lane);
  if (word * per >= first + pixels) {
    return;
  }
  if (PER == 1u) {
    atomicStore(&target_words[word], number(n, word - first));
    return;
  }
  var value = 0u;
  var own = 0u;
  for (var k = 0; k < 4; k++) {
    let i = word * 4 + k - first;
    if (i >= 0 && i < pixels) {
      value |= (number(n, i) & 255u) << u32(8 * k);
      own |= 255u << u32(8 * k);
    }
  }
  // Neighbours in the word are other invocations', so only the own bytes are replaced.
  if (own != 0xffffffffu) {
    atomicAnd(&target_words[word], ~own);
    atomicOr(&target_words[word], value);
  } else {
    atomicStore(&target_words[word], value);
  }
}
