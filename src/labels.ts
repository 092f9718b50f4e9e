import { SchemaError } from "./errors.ts";
import type { LabelType, RawLabel } from "./source/source.ts";

/** Turns the labels of a batch's samples into what `batch.labels` holds. */
export interface LabelReader<L> {
  /** Name for messages. */
  readonly name: string;
  /** Which label types of a source it can read. */
  readonly accepts: readonly LabelType[];
  /**
   * Says why a label cannot be read.
   *
   * @param label As the source handed it out.
   * @returns What it must be and what it is, or undefined if it can be read.
   */
  fault(label: RawLabel): string | undefined;
  /**
   * Puts the labels of a batch together.
   *
   * @param labels One for each sample, null for a sample that failed.
   * @returns What `batch.labels` holds.
   */
  read(labels: readonly RawLabel[]): L;
}

/**
 * Reads labels as 32-bit integers.
 *
 * @returns A reader; `batch.labels` is an `Int32Array` with 0 for samples that failed.
 * @example
 * ```ts
 * import { intLabels } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(intLabels().read([3, 1, null]), new Int32Array([3, 1, 0]));
 * ```
 */
export function intLabels(): LabelReader<Int32Array> {
  return {
    name: "intLabels()",
    accepts: ["int"],
    fault: (label) =>
      typeof label === "number" && label === (label | 0)
        ? undefined
        : `must be a 32-bit integer: received ${
          label instanceof Uint8Array ? `${label.length} bytes` : label
        }`,
    read: (labels) => Int32Array.from(labels, (label) => (typeof label === "number" ? label : 0)),
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
 * assertEquals(bytes().read([new Uint8Array([1])]), [new Uint8Array([1])]);
 * ```
 */
export function bytes(): LabelReader<(Uint8Array<ArrayBuffer> | null)[]> {
  return {
    name: "bytes()",
    accepts: ["blob"],
    fault: (label) =>
      label === null || label instanceof Uint8Array
        ? undefined
        : `must be a blob: received ${label}`,
    read: (labels) => labels.map((label) => (label instanceof Uint8Array ? label : null)),
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
 * assertEquals(noLabels().read([null, null]), null);
 * ```
 */
export function noLabels(): LabelReader<null> {
  return {
    name: "noLabels()",
    accepts: ["int", "blob", "none"],
    fault: () => undefined,
    read: () => null,
  };
}

/**
 * Wraps what is wrong with a label into an error.
 *
 * @param reader The reader that cannot read it.
 * @param label As the source handed it out.
 * @param sampleId Id of the sample.
 * @returns The error, or undefined if the label can be read.
 */
export function labelError(
  reader: LabelReader<unknown>,
  label: RawLabel,
  sampleId: string,
): SchemaError | undefined {
  const fault = reader.fault(label);
  if (fault === undefined) return undefined;
  return new SchemaError(
    `Cannot read the label of sample ${sampleId} with ${reader.name} as it ${fault}`,
    { sampleId, option: "labels" },
  );
}
