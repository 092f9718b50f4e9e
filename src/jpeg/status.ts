import { CorruptJpegError } from "../errors.ts";
import { STATUS_WORDS } from "./stage.ts";

/** Flags that the entropy decoder sets; the numbers are the shader's. */
export const StatusFlag = {
  /** The data of a segment ended before its last block. */
  truncated: 1,
  /** A code was read that its Huffman table does not have. */
  badCode: 2,
  /** At least one byte was left after the last block of a segment. */
  extraBytes: 4,
} as const;

/** Position of a picture in which nothing has been found. */
export const NO_POSITION = 0xffffffff;

/**
 * Writes the status of pictures in which nothing has been found yet.
 *
 * @param words Where the status goes.
 * @param count Number of pictures.
 */
export function clearStatus(words: Uint32Array, count: number): void {
  for (let i = 0; i < count; i++) {
    words[i * STATUS_WORDS] = 0;
    words[i * STATUS_WORDS + 1] = NO_POSITION;
  }
}

/**
 * Reads one picture's status.
 *
 * @param words Status words of a batch.
 * @param index The picture's place.
 * @param subject The picture, in words.
 * @param sampleId Id of its sample, if it has one.
 * @returns An error, or undefined if the picture is whole.
 */
export function statusError(
  words: Uint32Array,
  index: number,
  subject: string,
  sampleId: string | undefined,
): CorruptJpegError | undefined {
  const flags = words[index * STATUS_WORDS];
  if ((flags & (StatusFlag.badCode | StatusFlag.truncated)) === 0) return undefined;
  const reason = flags & StatusFlag.badCode
    ? "its entropy-coded data must use codes of its Huffman tables: received another"
    : "its entropy-coded data must reach to its last block: received fewer (truncated)";
  return new CorruptJpegError(`Cannot decode ${subject} as ${reason}`, { sampleId });
}
