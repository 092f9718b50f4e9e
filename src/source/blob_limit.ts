import { LimitsError } from "../errors.ts";

/**
 * Most bytes of a blob unless an option says otherwise: 64 MiB, four times the most that a Cassandra
 * server takes in one write unless it is told otherwise.
 */
export const DEFAULT_MAX_BLOB_BYTES: number = 64 * 2 ** 20;

/** The most that `maxBlobBytes` may be: lengths of blobs are 32-bit numbers. */
export const MOST_BLOB_BYTES: number = 2 ** 31 - 1;

/**
 * The error for a sample whose blob or label has more bytes than `maxBlobBytes`.
 *
 * @param sampleId Its id.
 * @param where What it was read from, such as `table imagenette.data_224`.
 * @param column Name of the column.
 * @param size Its bytes.
 * @param limit The option.
 * @returns The error.
 */
export function blobLimitError(
  sampleId: string,
  where: string,
  column: string,
  size: number | string,
  limit: number,
): LimitsError {
  return new LimitsError(
    `Cannot fetch sample ${sampleId} from ${where} as its ${column} must have at most ${limit} bytes (maxBlobBytes): received ${size} bytes`,
    { sampleId, option: "maxBlobBytes" },
  );
}
