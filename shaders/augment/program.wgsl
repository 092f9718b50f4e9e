// What happens to a pixel's colours beyond one matrix: a list of steps in the order of the operators.
// Steps that are defined on bytes round and clamp first. Parts: colours, random.
struct Step {
  // Kind, first word of the statistics, and two words that seed random numbers.
  head: vec4<u32>,
  a: vec4<f32>,
  b: vec4<f32>,
  c: vec4<f32>,
}

@group(0) @binding(3) var<storage, read> steps: array<Step>;
// Per use 1,024 numbers: a table of 256 for red, green and blue, or a centre in the first.
@group(0) @binding(4) var<storage, read> statistics: array<f32>;

// The numbers of src/augment/pixel_step.ts.
const MATRIX = 0u;
const BYTES = 1u;
const POSTERIZE = 2u;
const SOLARIZE = 3u;
const TABLE = 4u;
const CENTRE = 5u;
const NOISE = 6u;
const ERASE = 7u;
const OUTSIDE = 8u;

fn look_up(first: u32, v: vec4<f32>) -> vec4<f32> {
  let i = first + vec4<u32>(to_byte(v));
  return vec4<f32>(statistics[i.x], statistics[i.y], statistics[i.z], statistics[i.w]);
}

fn solarize(v: vec4<f32>, threshold: f32) -> vec4<f32> {
  let byte = to_byte(v);
  return select(byte, 255.0 - byte, byte >= vec4<f32>(threshold));
}

// Bytes with only their upper bits, where `step` is 2 to the number of the lower ones.
fn posterize(v: vec4<f32>, step: f32) -> vec4<f32> {
  return floor(to_byte(v) / step) * step;
}

fn run_program(sample: u32, x: i32, y: i32, colours: Colours) -> Colours {
  let lanes = vec4<i32>(0, 1, 2, 3);
  var r = colours.r;
  var g = colours.g;
  var b = colours.b;
  let first = samples[sample].program.x;
  let last = first + samples[sample].program.y;
  for (var i = first; i < last; i++) {
    let step = steps[i];
    let kind = step.head.x;
    if (kind == MATRIX) {
      let red = step.a.x * r + step.a.y * g + step.a.z * b + step.a.w;
      let green = step.b.x * r + step.b.y * g + step.b.z * b + step.b.w;
      b = step.c.x * r + step.c.y * g + step.c.z * b + step.c.w;
      r = red;
      g = green;
    } else if (kind == BYTES) {
      r = to_byte(r);
      g = to_byte(g);
      b = to_byte(b);
    } else if (kind == POSTERIZE) {
      r = posterize(r, step.a.x);
      g = posterize(g, step.a.x);
      b = posterize(b, step.a.x);
    } else if (kind == SOLARIZE) {
      r = solarize(r, step.a.x);
      g = solarize(g, step.a.x);
      b = solarize(b, step.a.x);
    } else if (kind == TABLE) {
      r = look_up(step.head.y, r);
      g = look_up(step.head.y + 256u, g);
      b = look_up(step.head.y + 512u, b);
    } else if (kind == CENTRE) {
      let offset = (1.0 - step.a.x) * statistics[step.head.y];
      r = r * step.a.x + offset;
      g = g * step.a.x + offset;
      b = b * step.a.x + offset;
    } else if (kind == NOISE) {
      for (var lane = 0; lane < 4; lane++) {
        let n = random_normal(vec4<u32>(u32(x + lane), u32(y), step.head.zw));
        r[lane] += step.a.x + step.a.y * n.x;
        g[lane] += step.a.x + step.a.y * n.y;
        b[lane] += step.a.x + step.a.y * n.z;
      }
    } else {
      // A rectangle from a.xy to before a.zw is filled with b, or what lies around it.
      let column = vec4<f32>(x + lanes);
      let row = f32(y);
      let inside = (column >= vec4<f32>(step.a.x)) & (column < vec4<f32>(step.a.z)) &
        vec4<bool>(row >= step.a.y && row < step.a.w);
      let filled = select(!inside, inside, kind == ERASE);
      r = select(r, vec4<f32>(step.b.x), filled);
      g = select(g, vec4<f32>(step.b.y), filled);
      b = select(b, vec4<f32>(step.b.z), filled);
    }
  }
  return Colours(r, g, b);
}
