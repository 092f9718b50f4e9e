// Turns what was counted of a sample into what its pixel program looks up: a byte's new value for red,
// green and blue, or the mean luma.
//
// Dispatch: z = samples. index.x: kind of the table; size.x: pixels that were counted.
// Bindings: 0 samples, 1 counts of histogram or summary, 2 statistics. Parts: sample.
@group(0) @binding(1) var<storage, read> counts: array<u32>;
@group(0) @binding(2) var<storage, read_write> statistics: array<f32>;

// The numbers of src/augment/placement.ts.
const EQUALIZE = 0;
const AUTO_CONTRAST = 1;

const CHANNELS = 3u;
const LEVELS = 256u;
const MEAN_LANE = 3u;
// Where summary.wgsl has the luma.
const LUMA = 6u;

// Equal areas, as Pillow's ImageOps.equalize: new value = sum of the counts before / step.
fn equalize(counted: u32, entry: u32) {
  var sum = 0u;
  var last = 0u;
  for (var i = 0u; i < LEVELS; i++) {
    let count = counts[counted + i];
    sum += count;
    if (count > 0u) {
      last = count;
    }
  }
  let step = (sum - last) / 255u;
  var before = step / 2u;
  for (var i = 0u; i < LEVELS; i++) {
    if (step == 0u) {
      statistics[entry + i] = f32(i);
    } else {
      statistics[entry + i] = f32(min(before / step, 255u));
    }
    before += counts[counted + i];
  }
}

// The least value becomes 0, the largest 255.
fn auto_contrast(counted: u32, entry: u32) {
  let low = f32(255u - counts[counted]);
  let high = f32(counts[counted + 1u]);
  for (var i = 0u; i < LEVELS; i++) {
    let stretched = (f32(i) - low) * 255.0 / (high - low);
    statistics[entry + i] = select(clamp(stretched, 0.0, 255.0), f32(i), high <= low);
  }
}

@compute @workgroup_size(4, 1, 1)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let sample = samples[group.z];
  let counted = u32(sample.place.x);
  let entry = u32(sample.place.w) + lane * LEVELS;
  let kind = sample.index.x;
  if (kind == EQUALIZE && lane < CHANNELS) {
    equalize(counted + lane * LEVELS, entry);
  } else if (kind == AUTO_CONTRAST && lane < CHANNELS) {
    auto_contrast(counted + 2u * lane, entry);
  } else if (kind > AUTO_CONTRAST && lane == MEAN_LANE) {
    let sum = f32(counts[counted + LUMA]) + 65536.0 * f32(counts[counted + LUMA + 1u]);
    // A whole number, as Pillow's ImageEnhance.Contrast has it.
    statistics[sample.place.w] = floor(sum / f32(sample.size.x) + 0.5);
  }
}
