import type { MaskTensor } from "./augment/mask_tensor.ts";
import { checkMaskOptions, type MaskLabelOptions } from "./codec/mask.ts";
import { type NpyArray, readNpy } from "./codec/npy.ts";
import { isPng } from "./codec/png_file.ts";
import { CassetteError, LimitsError, SchemaError, UnsupportedFormatError } from "./errors.ts";
import type { LabelType, RawLabel } from "./source/source.ts";

/** Turns the labels of a batch's samples into what `batch.labels` holds. */
export interface LabelReader<L> {
  /** Name for messages. */
  readonly name: string;
  /** Which label types of a source it can read. */
  readonly accepts: readonly LabelType[];
  /**
   * Says that labels are masks, and how: `parse` gives the file of each, they follow their images on the
   * GPU, and `L` is their tensor.
   */
  readonly masks?: MaskLabelOptions;
  /**
   * Reads one label.
   *
   * @param label As the source handed it out.
   * @returns What `collect` takes.
   * @throws {CassetteError} If the label cannot be read; its message says what it must be and what it is.
   */
  parse(label: RawLabel): unknown;
  /**
   * Puts the labels of a batch together.
   *
   * @param labels What `parse` made of each; null for a sample that failed or only fills the batch.
   * @returns What `batch.labels` holds.
   */
  collect(labels: readonly unknown[]): L;
}

/**
 * Reads labels as 32-bit integers.
 *
 * @returns A reader; `batch.labels` is an `Int32Array` with -1 for samples that failed or only fill the batch.
 * @example
 * ```ts
 * import { intLabels } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(intLabels().collect([3, 1, null]), new Int32Array([3, 1, -1]));
 * ```
 */
export function intLabels(): LabelReader<Int32Array> {
  return {
    name: "intLabels()",
    accepts: ["int"],
    parse(label) {
      if (typeof label === "number" && label === (label | 0)) return label;
      const received = label instanceof Uint8Array ? `${label.length} bytes` : label;
      throw new SchemaError(`it must be a 32-bit integer: received ${received}`);
    },
    collect: (labels) => Int32Array.from(labels, (label) => Number(label ?? -1)),
  };
}

/**
 * Reads labels as raw bytes.
 *
 * @returns A reader; `batch.labels` has a copy for each sample, null where there is no label.
 * @example
 * ```ts
 * import { bytes } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(bytes().parse(new Uint8Array([1])), new Uint8Array([1]));
 * ```
 */
export function bytes(): LabelReader<(Uint8Array<ArrayBuffer> | null)[]> {
  return {
    name: "bytes()",
    accepts: ["blob"],
    parse: parseBytes,
    collect: (labels) => [...labels] as (Uint8Array<ArrayBuffer> | null)[],
  };
}

/**
 * Reads labels as NumPy arrays, such as the class numbers of a multilabel sample.
 *
 * @returns A reader; `batch.labels` has an array for each sample, null where there is no label.
 * @example
 * ```ts
 * import { npy } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(npy().accepts, ["blob"]);
 * assertEquals(npy().parse(null), null);
 * ```
 */
export function npy(): LabelReader<(NpyArray | null)[]> {
  return {
    name: "npy()",
    accepts: ["blob"],
    parse(label) {
      const file = parseBytes(label);
      return file && readNpy(file);
    },
    collect: (labels) => [...labels] as (NpyArray | null)[],
  };
}

/**
 * Reads labels as masks: PNG files (grey, palette, colour) or grey JPEG files, as large as their images.
 *
 * A mask goes through the geometry of its image, each pixel from the nearest one.
 *
 * @param options Classes, colours, and a number beside the classes.
 * @returns A reader; `batch.labels` is a tensor of shape [n, height, width], in bytes if they hold all
 * classes and what failed or padded samples have (`ignore`, or if left out 255, in words -1), else in
 * words; null for a request that failed, and where `output.ragged` is true, as masks
 * are in `batch.raggedMasks` then.
 * @throws {UsageError} If an option is wrong.
 * @example
 * ```ts
 * import { mask } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(mask({ classes: 21, ignore: 255 }).accepts, ["blob"]);
 * ```
 */
export function mask(options: MaskLabelOptions): LabelReader<MaskTensor | null> {
  checkMaskOptions(options);
  return {
    name: "mask()",
    accepts: ["blob"],
    masks: options,
    parse(label) {
      const file = parseBytes(label);
      if (!file) throw new SchemaError("it must be a mask: received null");
      if (isPng(file) || isJpeg(file)) return file;
      const begin = file.length === 0 ? "no bytes" : `bytes ${file.slice(0, 8).toHex()}`;
      throw new UnsupportedFormatError(
        `Cannot read a mask as it must be a PNG or a JPEG file: received ${begin}`,
      );
    },
    collect: () => null,
  };
}

/**
 * Reads no labels.
 *
 * @returns A reader; `batch.labels` is null.
 * @example
 * ```ts
 * import { noLabels } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(noLabels().collect([null, null]), null);
 * ```
 */
export function noLabels(): LabelReader<null> {
  return {
    name: "noLabels()",
    accepts: ["int", "blob", "none"],
    parse: () => null,
    collect: () => null,
  };
}

/**
 * The reader for a source's labels where the caller has named none.
 *
 * @param labelType How the source reads its label column.
 * @returns The reader.
 */
export function defaultLabels(labelType: LabelType): LabelReader<unknown> {
  return labelType === "int" ? intLabels() : labelType === "blob" ? bytes() : noLabels();
}

/**
 * Reads a sample's label.
 *
 * @param reader How to read it.
 * @param label As the source handed it out.
 * @param id Tells the sample's id, if it is needed.
 * @returns What `collect` takes.
 * @throws {SchemaError} If the label cannot be read.
 * @throws {LimitsError} If it exceeds a bound.
 */
export function parseLabel(
  reader: LabelReader<unknown>,
  label: RawLabel,
  id: () => string,
): unknown {
  try {
    return reader.parse(label);
  } catch (cause) {
    if (!(cause instanceof CassetteError)) throw cause;
    throw labelError(reader, cause, id());
  }
}

/**
 * Says that a sample's label cannot be read.
 *
 * @param reader How it was to be read.
 * @param cause Why it cannot.
 * @param sampleId The sample's id.
 * @returns A `LimitsError` if the cause is one, else a `SchemaError`.
 */
export function labelError(
  reader: LabelReader<unknown>,
  cause: CassetteError,
  sampleId: string,
): CassetteError {
  const LabelError = cause instanceof LimitsError ? LimitsError : SchemaError;
  const why = cause.message.replace(/^Cannot .*? as /, "");
  return new LabelError(
    `Cannot read the label of sample ${sampleId} with ${reader.name} as ${why}`,
    { sampleId, option: cause.option ?? "labels", cause },
  );
}

/**
 * Tells whether a file begins as a JPEG file does.
 *
 * @param file The file.
 * @returns True if so.
 */
export function isJpeg(file: Uint8Array): boolean {
  return file[0] === 0xff && file[1] === 0xd8;
}

function parseBytes(label: RawLabel): Uint8Array<ArrayBuffer> | null {
  if (label === null || label instanceof Uint8Array) return label;
  throw new SchemaError(`it must be a blob: received ${label}`);
}
