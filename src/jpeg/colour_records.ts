import type { GpuImage } from "../gpu/images.ts";
import type { Orientation } from "./exif.ts";
import type { JpegFrame } from "./frame.ts";
import { BLOCK_EDGE, type Decodable, owners, params, type Stage, type Tuning } from "./plan.ts";
import { Upsampling, upsampling } from "./upsample.ts";
import type { Region, Words } from "./words.ts";

const IMAGE_WORDS = 32;
const COMPONENT_WORDS = 8;
const COLOURS = { grey: 0, YCbCr: 1, RGB: 2 } as const;
/** Pixels across and down that one invocation of a fast kernel writes. */
const TILE = { width: 16, height: 2 };

/** Names of the colour kernels; `any` takes every picture, the others are fast. */
export const COLOUR_KINDS = ["grey", "444", "422", "440", "420", "any"] as const;
/** Name of a colour kernel. */
export type ColourKind = (typeof COLOUR_KINDS)[number];

/** Work of one colour kernel. */
export interface ColourStage extends Stage {
  /** Which kernel. */
  readonly kind: ColourKind;
  /** Image records. */
  readonly images: Region;
  /** Whose each workgroup is. */
  readonly owners: Region;
}

/**
 * Chooses the colour kernel for a picture.
 *
 * @param frame Its frame.
 * @param orientation Orientation to apply.
 * @returns The kernel's name.
 */
export function colourKind(frame: JpegFrame, orientation: Orientation): ColourKind {
  if (orientation !== 1 || frame.colour === "RGB") return "any";
  if (frame.colour === "grey") return "grey";
  const [luma, cb, cr] = frame.components.map((component) => upsampling(frame, component));
  if (luma !== Upsampling.full || cb !== cr) return "any";
  switch (cb) {
    case Upsampling.full:
      return "444";
    case Upsampling.fancyAcross:
      return "422";
    case Upsampling.fancyDown:
      return "440";
    case Upsampling.fancyBoth:
      return "420";
    default:
      return "any";
  }
}

/**
 * Writes a record per picture, for the colour kernel of its kind.
 *
 * @param decodables The pictures.
 * @param planes First word of each component's samples.
 * @param firstByte Where the window of the pixels begins.
 * @param read Where the records go.
 * @param tuning Sizes of workgroups.
 * @returns The work of each kernel that has some.
 */
export function colourRecords(
  decodables: readonly Decodable[],
  planes: Uint32Array,
  firstByte: number,
  read: Words,
  tuning: Tuning,
): ColourStage[] {
  const kinds = new Map<ColourKind, { decodable: Decodable; plane: number }[]>();
  let plane = 0;
  for (const decodable of decodables) {
    const kind = colourKind(decodable.frame, decodable.orientation);
    let members = kinds.get(kind);
    if (!members) kinds.set(kind, members = []);
    members.push({ decodable, plane });
    plane += decodable.frame.components.length;
  }
  const stages: ColourStage[] = [];
  for (const [kind, members] of kinds) {
    const images = read.region(members.length * IMAGE_WORDS);
    const workgroupsOf = new Uint32Array(members.length);
    let workgroups = 0;
    members.forEach(({ decodable: { frame, target, orientation }, plane }, i) => {
      const record = images.offset / 4 + i * IMAGE_WORDS;
      const first = (target.byteOffset - firstByte) / 4;
      const { base, stepX, stepY } = placement(frame, target, orientation);
      const tiles = Math.ceil(frame.width / TILE.width);
      const { data } = read;
      data[record] = workgroups;
      data[record + 1] = frame.width;
      data[record + 2] = frame.height;
      data[record + 3] = COLOURS[frame.colour];
      data[record + 4] = first + base;
      data[record + 5] = stepX;
      data[record + 6] = stepY;
      data[record + 7] = tiles;
      frame.components.forEach((component, c) => {
        const at = record + 8 + c * COMPONENT_WORDS;
        data[at] = planes[plane + c];
        data[at + 1] = component.blocksWide * (BLOCK_EDGE / 4);
        data[at + 2] = component.width;
        data[at + 3] = component.height;
        data[at + 4] = upsampling(frame, component);
        data[at + 5] = frame.hMax / component.h;
        data[at + 6] = frame.vMax / component.v;
      });
      const invocations = kind === "any"
        ? frame.width * frame.height
        : tiles * Math.ceil(frame.height / TILE.height);
      workgroupsOf[i] = Math.ceil(invocations / tuning.colour);
      workgroups += workgroupsOf[i];
    });
    stages.push({
      kind,
      workgroups,
      images,
      owners: owners(read, workgroupsOf),
      params: params(read, workgroups),
    });
  }
  return stages;
}

/** Where pixel (0, 0) of the stored picture goes, and its neighbours, in words. */
function placement(frame: JpegFrame, target: GpuImage, orientation: Orientation) {
  const pitch = target.rowPitch / 4;
  const right = frame.width - 1;
  const bottom = frame.height - 1;
  switch (orientation) {
    case 1:
      return { base: 0, stepX: 1, stepY: pitch };
    case 2:
      return { base: right, stepX: -1, stepY: pitch };
    case 3:
      return { base: right + bottom * pitch, stepX: -1, stepY: -pitch };
    case 4:
      return { base: bottom * pitch, stepX: 1, stepY: -pitch };
    case 5:
      return { base: 0, stepX: pitch, stepY: 1 };
    case 6:
      return { base: bottom, stepX: pitch, stepY: -1 };
    case 7:
      return { base: bottom + right * pitch, stepX: -pitch, stepY: -1 };
    case 8:
      return { base: right * pitch, stepX: -pitch, stepY: 1 };
  }
}
