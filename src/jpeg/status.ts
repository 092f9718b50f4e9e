import { CorruptJpegError } from "../errors.ts";
import { STATUS_WORDS } from "./stage.ts";

/** Flags that the entropy decoder sets; the numbers are the shader's. */
const StatusFlag = {
  /** The data of a segment ended before its last block. */
  truncated: 1,
  /** A code was read that its Huffman table does not have. */
  badCode: 2,
  /** At least one byte was left after the last block of a segment. */
  extraBytes: 4,
} as const;

const TRUNCATED = "its entropy-coded data must reach to its last block: received fewer (truncated)";
const BAD_CODE = "its entropy-coded data must use codes of its Huffman tables: received another";
const EXTRA_BYTES =
  "its entropy-coded data must end with its last block: received extraneous bytes after it";

/** Position of a picture in which nothing has been found. */
const NO_POSITION = 0xffffffff;

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
 * Reads one picture's status: data that ends early is an error, as a part of the picture is missing; what
 * is odd about a picture that has all its parts is a warning.
 *
 * @param words Status words of a batch.
 * @param index The picture's place.
 * @param subject The picture, in words.
 * @param cut Whether only the data of a region was read, after which more may follow.
 * @param sampleId Id of its sample, if it has one.
 * @returns An error if the picture is not whole, and warnings.
 */
export function readStatus(
  words: Uint32Array,
  index: number,
  subject: string,
  cut: boolean,
  sampleId: string | undefined,
): { error?: CorruptJpegError; warnings: string[] } {
  const flags = words[index * STATUS_WORDS];
  const warnings: string[] = [];
  if (flags & StatusFlag.badCode) warnings.push(BAD_CODE);
  if (flags & StatusFlag.extraBytes && !cut) warnings.push(EXTRA_BYTES);
  if ((flags & StatusFlag.truncated) === 0) return { warnings };
  const reason = flags & StatusFlag.badCode ? `${BAD_CODE}, and then too few bits` : TRUNCATED;
  const error = new CorruptJpegError(`Cannot decode ${subject} as ${reason}`, { sampleId });
  return { error, warnings };
}
