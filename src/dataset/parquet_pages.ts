import type { AsyncBuffer, Compressors, RowGroup } from "hyparquet";
import zlib from "node:zlib";
import { LimitsError } from "../errors.ts";

/**
 * Bounds of a row group, which is held whole: rows (what pyarrow writes at most), values of a column
 * (lists have many in a row), and bytes, in the file and decompressed.
 */
const MOST_ROWS = 2 ** 20;
const MOST_VALUES = 2 ** 24;
const MOST_BYTES = 2 ** 30;

/**
 * Codecs beside snappy, which `hyparquet` has itself; none gives more than the page says, which
 * `readGroup` has checked.
 *
 * @returns The codecs.
 */
export function compressors(): Compressors {
  const within =
    (decompress: (input: Uint8Array, options: { maxOutputLength: number }) => Uint8Array) =>
    (input: Uint8Array, outputLength: number) =>
      new Uint8Array(decompress(input, { maxOutputLength: Math.max(1, outputLength) }));
  return {
    GZIP: within(zlib.gunzipSync),
    ZSTD: within(zlib.zstdDecompressSync),
    BROTLI: within(zlib.brotliDecompressSync),
  };
}

/**
 * Reads a row group, and looks at the headers of its pages before they are decompressed: metadata
 * may say anything.
 *
 * @param file The file.
 * @param group What its metadata say of the row group.
 * @param columns Names of the columns that are wanted.
 * @returns The file, with these columns in memory.
 * @throws {LimitsError} If the row group is larger than what can be held.
 */
export async function readGroup(
  file: AsyncBuffer,
  { num_rows, columns: chunks }: RowGroup,
  columns: readonly string[],
): Promise<AsyncBuffer> {
  const { parquetHeader } = await import("hyparquet/src/column.js");
  within("rows", Number(num_rows), MOST_ROWS);
  const read: { start: number; end: number; bytes: ArrayBuffer }[] = [];
  let inFile = 0;
  let inflated = 0;
  for (const { meta_data: chunk } of chunks) {
    if (!chunk || !columns.includes(chunk.path_in_schema[0])) continue;
    const start = Number(chunk.dictionary_page_offset || chunk.data_page_offset);
    const end = start + Number(chunk.total_compressed_size);
    inFile = within("bytes", inFile + end - start, MOST_BYTES);
    const bytes = await file.slice(start, end);
    let values = 0;
    const reader = { view: new DataView(bytes), offset: 0 };
    while (reader.offset < bytes.byteLength - 1) {
      const header = parquetHeader(reader);
      inflated = within("bytes of pages", inflated + header.uncompressed_page_size, MOST_BYTES);
      const page = header.data_page_header ?? header.data_page_header_v2 ??
        header.dictionary_page_header;
      values = within("values in a column", values + (page?.num_values ?? 0), MOST_VALUES);
      within("bytes in a page", header.compressed_page_size, bytes.byteLength - reader.offset);
      reader.offset += header.compressed_page_size;
    }
    read.push({ start, end, bytes });
  }
  return {
    byteLength: file.byteLength,
    slice(start, end = file.byteLength) {
      const held = read.find((one) => one.start <= start && end <= one.end);
      if (!held) return file.slice(start, end);
      const whole = held.start === start && held.end === end;
      return whole ? held.bytes : held.bytes.slice(start - held.start, end - held.start);
    },
  };
}

/** A number that grows, unless it is out of its bounds. */
function within(what: string, value: number, most: number): number {
  if (value >= 0 && value <= most) return value;
  throw new LimitsError(
    `Cannot read a row group of a Parquet file as it must have at most ${most} ${what}: received ${value}`,
  );
}
