import type { GpuImage } from "../gpu/images.ts";
import type { Orientation } from "./exif.ts";
import type { JpegFrame } from "./frame.ts";
import { blocksInTurn, type PictureKind } from "./picture_kind.ts";
import {
  BLOCK_EDGE,
  blockWork,
  type Decodable,
  owners,
  params,
  type Stage,
  type Tuning,
} from "./stage.ts";
import { upsampling } from "./upsample.ts";
import type { Region, Words } from "./words.ts";

/** Words of a picture's record for the kernels that do all at once. */
const PICTURE_WORDS = 8;
/** Words of a picture's record for the kernel that takes every ratio, and of a component in it. */
const IMAGE_WORDS = 40;
const IMAGE_COMPONENT_WORDS = 8;
/** Field of a picture's record; the shader's. */
const CHROMA_FIRST_SHIFT = 16;
const COLOURS = { grey: 0, YCbCr: 1, RGB: 2, CMYK: 3, YCCK: 4 } as const;

/** Work of one kernel that makes pictures. */
export interface PictureStage extends Stage {
  /** How its pictures are made. */
  readonly kind: PictureKind;
  /** Whether they are turned. */
  readonly turned: boolean;
  /** Picture records. */
  readonly pictures: Region;
  /** Whose each workgroup is. */
  readonly owners: Region;
}

interface Member {
  readonly decodable: Decodable;
  /** Place of its first component in the group. */
  readonly component: number;
}

/**
 * Writes a record per picture, for the kernel that makes it.
 *
 * @param decodables The pictures.
 * @param kinds How each is made.
 * @param samples First word of each component's samples.
 * @param firstByte Where the window of the pixels begins.
 * @param read Where the records go.
 * @param tuning Sizes of workgroups.
 * @returns The work of each kernel that has some.
 */
export function pictureRecords(
  decodables: readonly Decodable[],
  kinds: readonly PictureKind[],
  samples: Uint32Array,
  firstByte: number,
  read: Words,
  tuning: Tuning,
): PictureStage[] {
  const kernels = new Map<string, { kind: PictureKind; turned: boolean; members: Member[] }>();
  let component = 0;
  decodables.forEach((decodable, i) => {
    const kind = kinds[i];
    const turned = kind !== "any" && decodable.orientation !== 1;
    let kernel = kernels.get(`${kind} ${turned}`);
    if (!kernel) kernels.set(`${kind} ${turned}`, kernel = { kind, turned, members: [] });
    kernel.members.push({ decodable, component });
    component += decodable.frame.components.length;
  });
  return Array.from(kernels.values(), ({ kind, turned, members }) => {
    const any = kind === "any";
    const pictures = any
      ? read.region(members.length * IMAGE_WORDS)
      : read.uniform(members.length * PICTURE_WORDS);
    const counts: number[] = [];
    const blocks = tuning.transform * blocksInTurn(kind, tuning);
    let workgroups = 0;
    members.forEach((member, i) => {
      const { frame } = member.decodable;
      const record = pictures.offset / 4 + i * (any ? IMAGE_WORDS : PICTURE_WORDS);
      read.data[record] = workgroups;
      if (any) imageRecord(member, samples, firstByte, read.data, record);
      else pictureRecord(member, firstByte, read.data, record);
      const [luma] = frame.components;
      const count = any
        ? Math.ceil(frame.width * frame.height / tuning.pixel)
        : Math.ceil(luma.blocksWide * luma.blocksHigh / blocks);
      counts.push(count);
      workgroups += count;
    });
    return {
      kind,
      turned,
      workgroups,
      work: blockWork(workgroups * (any ? tuning.pixel : blocks)),
      pictures,
      owners: owners(read, Array.from(counts.keys()), counts),
      params: params(read, workgroups),
    };
  });
}

function pictureRecord(
  { decodable, component }: Member,
  firstByte: number,
  data: Uint32Array,
  record: number,
): void {
  const { frame, target, section } = decodable;
  const { base, stepX, stepY } = placement(decodable);
  data[record + 1] = component;
  data[record + 2] = frame.width;
  data[record + 3] = frame.height;
  data[record + 4] = (target.byteOffset - firstByte) / 4 + base;
  data[record + 5] = stepX;
  data[record + 6] = stepY;
  data[record + 7] = (frame.components[1]?.height ?? 0) |
    (section?.chromaBefore ?? 0) << CHROMA_FIRST_SHIFT;
}

function imageRecord(
  { decodable, component }: Member,
  samples: Uint32Array,
  firstByte: number,
  data: Uint32Array,
  record: number,
): void {
  const { frame, target, section } = decodable;
  const { base, stepX, stepY } = placement(decodable);
  data[record + 1] = frame.width;
  data[record + 2] = frame.height;
  data[record + 3] = COLOURS[frame.colour];
  data[record + 4] = (target.byteOffset - firstByte) / 4 + base;
  data[record + 5] = stepX;
  data[record + 6] = stepY;
  data[record + 7] = section?.before ?? 0;
  const { components } = section?.whole ?? frame;
  frame.components.forEach((part, c) => {
    const at = record + 8 + c * IMAGE_COMPONENT_WORDS;
    data[at] = samples[component + c];
    data[at + 1] = part.blocksWide * (BLOCK_EDGE / 4);
    data[at + 2] = part.width;
    data[at + 3] = part.height;
    data[at + 4] = upsampling(frame, components[c]);
    data[at + 5] = frame.hMax / part.h;
    data[at + 6] = frame.vMax / part.v;
  });
}

/** Where the first pixel of the stored picture, or of a section of it, goes, and its neighbours, in words. */
function placement({ frame, target, orientation, section }: Decodable) {
  const { base, stepX, stepY } = wholePlacement(section?.whole ?? frame, target, orientation);
  const { firstColumn = 0, firstRow = 0 } = section ?? {};
  return { base: base + firstColumn * stepX + firstRow * stepY, stepX, stepY };
}

function wholePlacement(frame: JpegFrame, target: GpuImage, orientation: Orientation) {
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
