// Applies colour matrix and pixel program to four neighbouring pixels of a row and stores them.
// Parts: sample, colours, program*, store_*.

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
  put(
    samples[sample].place.w,
    y * width + x,
    width * height,
    min(4, width - x),
    colours,
  );
}
