// Turns the counts of a sample into what its pixel program looks up: a byte's new value for red,
// green and blue, or the mean luma.
//
// Dispatch: z = samples. index.x: kind of the table.
// Bindings: 0 samples, 1 counts, 2 statistics. Parts: sample.
@group(0) @binding(1) var<storage, read> counts: array<u32>;
@group(0) @binding(2) var<storage, read_write> statistics: array<f32>;

// The numbers of src/augment/statistic.ts.
const EQUALIZE = 0;
const AUTO_CONTRAST = 1;

const CHANNELS = 3u;
const LEVELS = 256u;
const MEAN_LANE = 3u;

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
  var low = LEVELS;
  var high = 0u;
  for (var i = 0u; i < LEVELS; i++) {
    if (counts[counted + i] > 0u) {
      low = min(low, i);
      high = i;
    }
  }
  for (var i = 0u; i < LEVELS; i++) {
    let stretched = (f32(i) - f32(low)) * 255.0 / (f32(high) - f32(low));
    statistics[entry + i] = select(clamp(stretched, 0.0, 255.0), f32(i), high <= low);
  }
}

@compute @workgroup_size(4, 1, 1)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let sample = samples[group.z];
  let counted = u32(sample.place.x) + lane * LEVELS;
  let entry = u32(sample.place.w) + lane * LEVELS;
  let kind = sample.index.x;
  if (kind == EQUALIZE && lane < CHANNELS) {
    equalize(counted, entry);
  } else if (kind == AUTO_CONTRAST && lane < CHANNELS) {
    auto_contrast(counted, entry);
  } else if (kind > AUTO_CONTRAST && lane == MEAN_LANE) {
    var sum = 0.0;
    var total = 0.0;
    for (var i = 0u; i < LEVELS; i++) {
      sum += f32(i) * f32(counts[counted + i]);
      total += f32(counts[counted + i]);
    }
    // A whole number, as Pillow's ImageEnhance.Contrast has it.
    statistics[sample.place.w] = floor(sum / total + 0.5);
  }
}
