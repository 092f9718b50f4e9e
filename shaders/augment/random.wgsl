// Four 32-bit words from four, each depending on all: pcg4d (Jarzynski and Olano, "Hash Functions
// for GPU Rendering", Journal of Computer Graphics Techniques 9(3), 2020).
fn random_words(seed: vec4<u32>) -> vec4<u32> {
  const MULTIPLIER = 1664525u;
  const INCREMENT = 1013904223u;
  var v = seed * MULTIPLIER + INCREMENT;
  v.x += v.y * v.w;
  v.y += v.z * v.x;
  v.z += v.x * v.y;
  v.w += v.y * v.z;
  v ^= v >> vec4<u32>(16u);
  v.x += v.y * v.w;
  v.y += v.z * v.x;
  v.z += v.x * v.y;
  v.w += v.y * v.z;
  return v;
}

// Uniform in (0, 1), from the upper 23 bits: half-way between the multiples of 2⁻²³.
fn random_uniform(seed: vec4<u32>) -> vec4<f32> {
  const UNIT = 1.1920929e-7;
  return (vec4<f32>(random_words(seed) >> vec4<u32>(9u)) + 0.5) * UNIT;
}

// Normal with mean 0 and variance 1 (Box and Muller 1958); red, green, blue.
fn random_normal(seed: vec4<u32>) -> vec3<f32> {
  const TURN = 6.283185307;
  let u = random_uniform(seed);
  let radius = sqrt(-2.0 * log(u.xy));
  let angle = TURN * u.zw;
  return vec3<f32>(radius.x * cos(angle.x), radius.x * sin(angle.x), radius.y * cos(angle.y));
}
