// A step of a pixel program, and the programs of all samples one after the other.
struct Step {
  // Kind, first word of the statistics, and two words that seed random numbers.
  head: vec4<u32>,
  a: vec4<f32>,
  b: vec4<f32>,
  c: vec4<f32>,
}

@group(0) @binding(3) var<storage, read> steps: array<Step>;
