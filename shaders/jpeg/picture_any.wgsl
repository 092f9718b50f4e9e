// Upsamples and converts any mixture of integer sampling ratios: one invocation per pixel. The
// common ratios have faster kernels of their own; this one is for all others.
//
// Dispatch: the workgroups of all images one after the other, folded into x and y; `owners` says
// whose each is. An image has ceil(pixels / WORKGROUP) of them.

override WORKGROUP: u32 = 64;

// How a component is upsampled; see src/jpeg/upsample.ts.
const FULL: u32 = 0;
const FANCY_ACROSS: u32 = 1;
const FANCY_DOWN: u32 = 2;
const FANCY_BOTH: u32 = 3;
const REPLICATE: u32 = 4;

const GREY: u32 = 0;
const YCBCR: u32 = 1;
const RGB: u32 = 2;
const YCCK: u32 = 4;

struct Params {
  workgroups: u32,
}

struct Component {
  samples: u32, // first word of its plane
  pitch: u32, // words from one row to the next
  width: u32, // samples across
  height: u32, // rows of samples
  mode: u32,
  h: u32, // pixels per sample across
  v: u32, // pixels per sample down
  reserved: u32,
}

struct Image {
  firstWorkgroup: u32,
  width: u32,
  height: u32,
  colour: u32,
  base: u32, // where the pixel (0, 0) goes, in words
  stepX: u32, // words from one pixel to the next across; may wrap below zero
  stepY: u32, // and down
  firstRow: u32, // rows of pixels that there are samples of before the first one
  components: array<Component, 4>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> samples: array<u32>;
@group(0) @binding(2) var<storage, read> images: array<Image>;
@group(0) @binding(3) var<storage, read> owners: array<u32>;
@group(0) @binding(4) var<storage, read_write> pixels: array<u32>;

fn sample(c: Component, x: u32, y: u32) -> i32 {
  return i32((samples[c.samples + y * c.pitch + (x >> 2u)] >> ((x & 3u) * 8u)) & 255u);
}

// The nearer and the farther sample of two, weighted 3 : 1, down one column.
fn column(c: Component, x: u32, near: u32, far: u32) -> i32 {
  return 3 * sample(c, x, near) + sample(c, x, far);
}

fn upsampled(c: Component, x: u32, y: u32) -> i32 {
  let halfX = x >> 1u;
  let halfY = y >> 1u;
  let farX = select(max(halfX, 1u) - 1u, min(halfX + 1u, c.width - 1u), (x & 1u) == 1u);
  let farY = select(max(halfY, 1u) - 1u, min(halfY + 1u, c.height - 1u), (y & 1u) == 1u);
  switch (c.mode) {
    case FULL: {
      return sample(c, x, y);
    }
    case FANCY_ACROSS: {
      let near = sample(c, halfX, y);
      let value = (3 * near + sample(c, farX, y) + 1 + i32(x & 1u)) >> 2u;
      return select(value, near, farX == halfX);
    }
    case FANCY_DOWN: {
      return (column(c, x, halfY, farY) + 1 + i32(y & 1u)) >> 2u;
    }
    case FANCY_BOTH: {
      return (3 * column(c, halfX, halfY, farY) + column(c, farX, halfY, farY) + 8 -
        i32(x & 1u)) >> 4u;
    }
    default: {
      return sample(c, x / c.h, y / c.v);
    }
  }
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let workgroup = group.x + group.y * groups.x;
  if (workgroup >= params.workgroups) {
    return;
  }
  let owner = owners[workgroup];
  let width = images[owner].width;
  let pixel = (workgroup - images[owner].firstWorkgroup) * WORKGROUP + local;
  let y = pixel / width;
  let x = pixel - y * width;
  if (y >= images[owner].height) {
    return;
  }
  let row = y + images[owner].firstRow;
  let colour = images[owner].colour;
  var rgb = vec3(upsampled(images[owner].components[0], x, row));
  if (colour != GREY) {
    let b = upsampled(images[owner].components[1], x, row);
    let r = upsampled(images[owner].components[2], x, row);
    if (colour == YCBCR || colour == YCCK) {
      let cb = b - 128;
      let cr = r - 128;
      rgb += vec3(
        (91881 * cr + 32768) >> 16u,
        (-22554 * cb - 46802 * cr + 32768) >> 16u,
        (116130 * cb + 32768) >> 16u,
      );
      rgb = clamp(rgb, vec3(0), vec3(255));
    } else {
      rgb = vec3(rgb.x, b, r);
    }
    if (colour > RGB) {
      // Inks are stored inverted: CMY lights the paper through K (libjpeg-turbo's cmyk.h). 255 is odd, so
      // that no product is half-way between two multiples of it.
      let black = upsampled(images[owner].components[3], x, row);
      let cmy = select(rgb, vec3(255) - rgb, colour == YCCK);
      rgb = (cmy * black * 2 + 255) / 510;
    }
  }
  let packed = vec3<u32>(rgb);
  pixels[images[owner].base + x * images[owner].stepX + y * images[owner].stepY] =
    packed.x | (packed.y << 8u) | (packed.z << 16u) | 0xff000000u;
}
