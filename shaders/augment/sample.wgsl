// What one pass does with one sample: 256 bytes, written by src/augment/recorder.ts.
// A pixel of the source is one element of `source`; x is a column, y a row.
struct Sample {
  // First pixel of the view that is read; pixels to its next column; to its next row; first element
  // of the output.
  place: vec4<i32>,
  // Output width and height, view width and height.
  size: vec4<i32>,
  // Column and row of the resized view that the output begins with, and its steps there (1 or -1).
  index: vec4<i32>,
  // Where the resized view begins in the view (x, y), and view pixels per resized pixel (x, y).
  map: vec4<f32>,
  // Support of the filter to either side in view pixels (x, y), and 1 / its stretch (x, y).
  reach: vec4<f32>,
  // Rows of the colour matrix: output = (r, g, b, 1) · row.
  red: vec4<f32>,
  green: vec4<f32>,
  blue: vec4<f32>,
  // First step of the pixel program, number of its steps, first word of the sample's statistics.
  program: vec4<u32>,
  // Rows of the warp: view position = (x, y, 1) · row, where x and y are those of the output.
  warp_x: vec4<f32>,
  warp_y: vec4<f32>,
  // What lies beyond the view, as R, G, B, where w is 1; where it is 0 the outermost pixel goes on.
  fill: vec4<f32>,
  // Numbers of the operator, by its kernel.
  arguments: array<vec4<f32>, 4>,
}

@group(0) @binding(0) var<uniform> samples: array<Sample, 256>;

// The pixels that places in an image lie in. Where a place is a whole number, its rounding to f32 must
// not take it to the pixel before: three roundings are at most this share of it.
fn pixels_at(place: vec4<f32>) -> vec4<i32> {
  const ROUNDING = 2.4e-7;
  return vec4<i32>(floor(place + ROUNDING * abs(place)));
}
