// What happens to a pixel's colours beyond one matrix: a list of steps in the order of the operators.
// Steps that are defined on bytes round and clamp first. Parts: colours, random, step.

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

// Whether any step looks up (TABLE, CENTRE), is NOISE, changes bytes (BYTES, POSTERIZE, SOLARIZE), or
// fills a rectangle (ERASE, OUTSIDE): some adapters do all sides of an if.
override TABLES: u32 = 1;
override NOISES: u32 = 1;
override LEVELS: u32 = 1;
override BOXES: u32 = 1;

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
    let head = steps[i].head;
    let kind = head.x;
    let p = steps[i].a;
    if (kind == MATRIX) {
      let row1 = steps[i].b;
      let row2 = steps[i].c;
      let red = p.x * r + p.y * g + p.z * b + p.w;
      let green = row1.x * r + row1.y * g + row1.z * b + row1.w;
      b = row2.x * r + row2.y * g + row2.z * b + row2.w;
      r = red;
      g = green;
    } else if (LEVELS == 1u && kind == BYTES) {
      r = to_byte(r);
      g = to_byte(g);
      b = to_byte(b);
    } else if (LEVELS == 1u && kind == POSTERIZE) {
      r = posterize(r, p.x);
      g = posterize(g, p.x);
      b = posterize(b, p.x);
    } else if (LEVELS == 1u && kind == SOLARIZE) {
      r = solarize(r, p.x);
      g = solarize(g, p.x);
      b = solarize(b, p.x);
    } else if (TABLES == 1u && kind == TABLE) {
      r = look_up(head.y, r);
      g = look_up(head.y + 256u, g);
      b = look_up(head.y + 512u, b);
    } else if (TABLES == 1u && kind == CENTRE) {
      let offset = (1.0 - p.x) * statistics[head.y];
      r = r * p.x + offset;
      g = g * p.x + offset;
      b = b * p.x + offset;
    } else if (NOISES == 1u && kind == NOISE) {
      for (var lane = 0; lane < 4; lane++) {
        let n = random_normal(vec4<u32>(u32(x + lane), u32(y), head.zw));
        r[lane] += p.x + p.y * n.x;
        g[lane] += p.x + p.y * n.y;
        b[lane] += p.x + p.y * n.z;
      }
    } else if (BOXES == 1u && kind >= ERASE) {
      // A rectangle from a.xy to before a.zw is filled with b, or what lies around it.
      let fill = steps[i].b;
      let column = vec4<f32>(x + lanes);
      let row = f32(y);
      let inside = (column >= vec4<f32>(p.x)) & (column < vec4<f32>(p.z)) &
        vec4<bool>(row >= p.y && row < p.w);
      let filled = select(!inside, inside, kind == ERASE);
      r = select(r, vec4<f32>(fill.x), filled);
      g = select(g, vec4<f32>(fill.y), filled);
      b = select(b, vec4<f32>(fill.z), filled);
    }
  }
  return Colours(r, g, b);
}
