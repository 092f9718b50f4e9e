import type { JpegFrame } from "./frame.ts";
import type { Tuning } from "./stage.ts";
import { Upsampling, upsampling } from "./upsample.ts";

/**
 * How a picture is made from its coefficients: `any` takes every ratio by way of planes of bytes, the
 * others have a kernel that transforms, upsamples and converts at once.
 */
export type PictureKind = "grey" | "444" | "422" | "440" | "420" | "any";

/** All kinds. */
export const PICTURE_KINDS: readonly PictureKind[] = ["grey", "444", "422", "440", "420", "any"];

/**
 * Chooses how a picture is made.
 *
 * @param frame Its frame.
 * @returns The kind.
 */
export function pictureKind(frame: JpegFrame): PictureKind {
  if (frame.colour === "grey") return "grey";
  if (frame.colour !== "YCbCr") return "any";
  const { components } = frame;
  const luma = upsampling(frame, components[0]);
  const chroma = upsampling(frame, components[1]);
  if (luma !== Upsampling.full || chroma !== upsampling(frame, components[2])) return "any";
  switch (chroma) {
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
 * Whether the chroma of a kind has a pass of its own before the pictures are made.
 *
 * @param kind The kind.
 * @returns True where chroma is halved.
 */
export function hasChromaPass(kind: PictureKind): boolean {
  return kind === "422" || kind === "440" || kind === "420";
}

/**
 * How many blocks an invocation of a kernel that makes pictures transforms.
 *
 * @param kind How its pictures are made.
 * @param tuning What suits the device.
 * @returns Blocks of luma; one where chroma, whose divisors may be others, is transformed with it.
 */
export function blocksInTurn(kind: PictureKind, { blocks }: Pick<Tuning, "blocks">): number {
  return kind === "444" ? 1 : blocks;
}
