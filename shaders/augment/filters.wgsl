// Resampling filters at four distances at once, in units of one lobe.
const TRIANGULAR = 0u;
const CUBIC = 1u;
const LANCZOS3 = 2u;
const NEAREST = 3u;
const GAUSSIAN = 4u;
// A little within the support, as its weight there is not 0: a pixel at the very end is out, however
// its distance is rounded.
const GAUSSIAN_END = 0.999;

// Catmull-Rom: Keys' cubic convolution with a = -1/2 (IEEE Trans. ASSP 29(6), 1981).
fn cubic(x: vec4<f32>) -> vec4<f32> {
  let near = (1.5 * x - 2.5) * x * x + 1.0;
  let far = ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0;
  return select(select(vec4<f32>(0.0), far, x < vec4<f32>(2.0)), near, x < vec4<f32>(1.0));
}

// sin(πx) for x from 0 to 1, by a polynomial, as adapters differ in how exact their sin is.
fn sin_pi(x: vec4<f32>) -> vec4<f32> {
  let r = min(x, 1.0 - x);
  let s = r * r;
  return ((((0.0821458866 * s - 0.599264529) * s + 2.55016404) * s - 5.16771278) * s + 3.14159265) * r;
}

// sinc(x) · sinc(x / 3) within ±3 (Duchon, J. Applied Meteorology 18(8), 1979). With t = sin(πx / 3),
// sin(πx) is t · (3 - 4t²).
fn lanczos3(x: vec4<f32>) -> vec4<f32> {
  const THREE_OVER_PI_SQUARED = 0.303963551;
  let safe = clamp(x, vec4<f32>(1e-4), vec4<f32>(3.0));
  let t = sin_pi(safe / 3.0);
  let ratio = t / safe;
  let w = THREE_OVER_PI_SQUARED * ratio * ratio * (3.0 - 4.0 * t * t);
  return select(w, vec4<f32>(1.0), x < vec4<f32>(1e-4));
}

// Where filters at four places stand, in pixels: the nearest pixel's is that pixel itself.
fn centre(kind: u32, place: vec4<f32>) -> vec4<f32> {
  if (kind == NEAREST) {
    return vec4<f32>(pixels_at(place));
  }
  return place - 0.5;
}

// Weights of a pixel at four distances d = pixel - centre, for a filter stretched by 1 / inverse.
fn weigh(kind: u32, d: vec4<f32>, inverse: f32) -> vec4<f32> {
  let x = abs(d * inverse);
  if (kind == CUBIC) {
    return cubic(x);
  }
  if (kind == LANCZOS3) {
    return lanczos3(x);
  }
  if (kind == GAUSSIAN) {
    return select(vec4<f32>(0.0), exp(-4.0 * x * x), x < vec4<f32>(GAUSSIAN_END));
  }
  if (kind == NEAREST) {
    return select(vec4<f32>(0.0), vec4<f32>(1.0), d == vec4<f32>(0.0));
  }
  return max(vec4<f32>(0.0), 1.0 - x);
}
