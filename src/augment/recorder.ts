import { DispatchList, type Range } from "./dispatch_list.ts";
import { type KernelVariant, PIXEL_BYTES } from "./kernels.ts";
import { type Placement, type Statistic, STATISTICS } from "./placement.ts";

const WORD = 4;
/** Places in a record, in words; sample.wgsl has their order. */
const ORIGIN = 0;
const SIZE = 4;
const INDEX = 8;
const MATRIX = 20;
const WARP = 36;
const FILL = 44;
const ARGUMENTS = 48;
const BOX = 52;
/** The ones of a matrix that changes nothing. */
const DIAGONAL = [0, 5, 10];

/** Collects what shall be done to samples: writes their records as the kernels read them. */
export class Recorder extends DispatchList {
  /**
   * Adds one sample of one pass.
   *
   * @param variant The kernel.
   * @param placement What it does.
   * @param source Where the sample lies.
   * @param target Where its output goes.
   * @param elementBytes Bytes of what the kernel counts as one element of the target.
   * @param table First word of its statistics.
   * @returns First word of its record.
   */
  add(
    variant: KernelVariant,
    placement: Placement,
    source: Range,
    target: Range,
    elementBytes: number,
    table = 0,
  ): number {
    const { geometry, colour } = placement;
    const at = this.begin(variant, source, target, elementBytes);
    const { ints, floats } = this;
    ints[at + ORIGIN] = source.byteOffset / PIXEL_BYTES[variant.source] + geometry.base;
    ints[at + 1] = geometry.stepX;
    ints[at + 2] = geometry.stepY;
    ints[at + SIZE] = geometry.width;
    ints[at + 5] = geometry.height;
    ints[at + 6] = geometry.viewWidth;
    ints[at + 7] = geometry.viewHeight;
    ints[at + INDEX] = geometry.indexX;
    ints[at + 9] = geometry.indexY;
    ints[at + 10] = geometry.indexStepX;
    ints[at + 11] = geometry.indexStepY;
    floats[at + 12] = geometry.startX;
    floats[at + 13] = geometry.startY;
    floats[at + 14] = geometry.scaleX;
    floats[at + 15] = geometry.scaleY;
    floats[at + 16] = geometry.reachX;
    floats[at + 17] = geometry.reachY;
    floats[at + 18] = 1 / geometry.stretchX;
    floats[at + 19] = 1 / geometry.stretchY;
    floats.set(colour.rows, at + MATRIX);
    this.addSteps(placement, at, table, variant.kind === "mask");
    if (geometry.warped) {
      for (let i = 0; i < 3; i++) {
        floats[at + WARP + i] = geometry.map[i];
        floats[at + WARP + 4 + i] = geometry.map[3 + i];
      }
    }
    if (geometry.fill) floats.set(geometry.fill, at + FILL);
    floats[at + FILL + 3] = geometry.fill ? 1 : 0;
    if (variant.kind !== "mask") floats.set(placement.numbers, at + ARGUMENTS);
    if (variant.kind === "reduce") {
      const across = variant.constants.AXIS === 0;
      this.widen(
        across ? geometry.width : geometry.height,
        across ? geometry.viewHeight : geometry.viewWidth,
      );
    } else this.widen(geometry.width, geometry.height);
    return at;
  }

  /**
   * Adds one pass of a mask.
   *
   * @param variant The kernel.
   * @param placement What happens to its image.
   * @param source Where the mask lies: one word a pixel.
   * @param target Where its numbers go, a word each.
   * @param fill The number of what lies beyond the image.
   */
  addMask(
    variant: KernelVariant,
    placement: Placement,
    source: Range,
    target: Range,
    fill: number,
  ): void {
    const at = this.add(variant, placement, source, target, WORD);
    this.ints[at + ARGUMENTS] = fill;
  }

  /**
   * Adds the storing of a mask, and the pasting of its partner's.
   *
   * @param variant The kernel.
   * @param source Its numbers.
   * @param partner Its partner's numbers; its own where it has none.
   * @param target Where it goes.
   * @param size Width and height.
   * @param box Rectangle of the partner: x0, y0, x1, y1.
   */
  addMaskStore(
    variant: KernelVariant,
    source: Range,
    partner: Range,
    target: Range,
    size: readonly [number, number],
    box: ArrayLike<number>,
  ): void {
    const at = this.begin(variant, source, target, WORD / variant.constants.PER, partner);
    this.ints.set(size, at + SIZE);
    this.ints[at + INDEX] = partner.byteOffset / WORD;
    this.floats.set(box, at + BOX);
    this.widen(size[0] * size[1], 1);
  }

  /**
   * Adds the counting of a whole image.
   *
   * @param variant The kernel that counts.
   * @param size Width, height and pitch of what is counted, in pixels.
   * @param source Where it lies.
   * @param counts Where the counts go.
   */
  addMeasure(
    variant: KernelVariant,
    size: { width: number; height: number; pitch: number },
    source: Range,
    counts: Range,
  ): void {
    const at = this.begin(variant, source, counts, WORD);
    this.ints[at + 1] = 1;
    this.ints[at + 2] = size.pitch;
    this.ints[at + SIZE] = size.width;
    this.ints[at + 5] = size.height;
    this.widen(size.width * size.height, 1);
  }

  /**
   * Adds what is made of counts.
   *
   * @param variant The kernel.
   * @param statistic What is made.
   * @param pixels How many pixels were counted.
   * @param counts The counts.
   * @param table Where it goes.
   */
  addTable(
    variant: KernelVariant,
    statistic: Statistic,
    pixels: number,
    counts: Range,
    table: Range,
  ): void {
    const at = this.begin(variant, counts, table, WORD);
    this.ints[at + SIZE] = pixels;
    this.ints[at + INDEX] = STATISTICS[statistic];
    this.widen(1, 1);
  }

  /**
   * Adds the mixing of one sample.
   *
   * @param variant The kernel.
   * @param source Its pixels.
   * @param partner Its partner's pixels.
   * @param target Where it goes.
   * @param elementBytes Bytes of an element of the target.
   * @param size Width and height.
   * @param weight Weight of the sample itself.
   * @param box Rectangle that is the partner's: x0, y0, x1, y1.
   */
  addMix(
    variant: KernelVariant,
    source: Range,
    partner: Range,
    target: Range,
    elementBytes: number,
    size: readonly [number, number],
    weight: number,
    box: ArrayLike<number>,
  ): void {
    const at = this.begin(variant, source, target, elementBytes, partner);
    this.ints.set(size, at + SIZE);
    this.ints[at + INDEX] = partner.byteOffset / PIXEL_BYTES.f32;
    for (const place of DIAGONAL) this.floats[at + MATRIX + place] = 1;
    this.floats[at + ARGUMENTS] = weight;
    this.floats.set(box, at + BOX);
    this.widen(size[0], size[1]);
  }

  /**
   * Adds the packing of samples that lie one after the other.
   *
   * @param variant The kernel.
   * @param source Their pixels.
   * @param target Their elements in the tensor.
   * @param elementBytes Bytes of an element.
   * @param size Width, height, and number of samples.
   */
  pack(
    variant: KernelVariant,
    source: Range,
    target: Range,
    elementBytes: number,
    size: readonly [number, number, number],
  ): void {
    const at = this.begin(variant, source, target, elementBytes);
    this.ints.set(size, at + SIZE);
  }
}
