import { OptionCheck } from "../check.ts";
import { IngestError } from "../errors.ts";
import { formatId, ID_BYTES } from "../ids.ts";
import { contentHash, recordName, recordOrigin, type SampleRecord } from "./record.ts";
import { showValue } from "./show_value.ts";
import type { ColumnValue, WholeSchema } from "./schema.ts";

/** A value as it goes into a table. */
export type RowValue = ColumnValue | Uint8Array;

/** The two rows of a record, without their ids, which come first. */
export interface Rows {
  /** Values of the data row after the id: label, if the schema has one, and blob. */
  data: RowValue[];
  /** Values of the metadata row after the id, in the order of `metadataColumns`. */
  metadata: RowValue[];
}

/**
 * Makes the two rows of a record.
 *
 * @param record The record.
 * @param schema Which columns there are.
 * @returns The rows' values.
 * @throws {UsageError} If it is no record.
 * @throws {IngestError} If a label or a column does not fit the schema.
 */
export function recordRows(record: SampleRecord, schema: WholeSchema): Rows {
  checkRecord(record);
  const hash = record.hash ?? contentHash(record.data);
  const label = checkLabel(record, schema);
  return {
    data: schema.labelType === "none" ? [record.data] : [label, record.data],
    metadata: [
      record.path,
      record.className,
      record.data.length,
      hash,
      record.origin ?? recordOrigin(record, "", hash),
      ...(schema.labelType === "int" ? [label] : []),
      ...columnValues(record, schema, Object.keys(schema.columns)),
    ],
  };
}

/**
 * Picks values of the columns of one's own.
 *
 * @param record The record.
 * @param schema Which columns there are.
 * @param names Those that are wanted.
 * @returns Their values; null for those that the record lacks.
 * @throws {IngestError} If one has another type than the schema says, or a key is null.
 */
export function columnValues(
  record: Pick<SampleRecord, "id" | "columns"> & Partial<SampleRecord>,
  schema: WholeSchema,
  names: string[],
): ColumnValue[] {
  return names.map((name) => {
    const value = record.columns?.[name] ?? null;
    const type = schema.columns[name];
    const key = schema.partitionBy.includes(name);
    const good = value === null
      ? !key
      : type === "text"
      ? typeof value === "string" && !(key && value === "")
      : typeof value === "number" && (type === "double" || (value | 0) === value);
    if (good) return value;
    throw new IngestError(
      `Cannot ingest ${record.path ?? "a record"} as column "${name}" must be ${
        type === "text" ? "a text" : type === "int" ? "a 32-bit integer" : "a number"
      }${key ? " that is not empty" : ""}: received ${showValue(value)}`,
      { sampleId: formatId(record.id), option: name },
    );
  });
}

function checkRecord(record: SampleRecord): void {
  const check = new OptionCheck("write a record");
  check.that(typeof record === "object" && record !== null, "record", "a SampleRecord", record);
  const { id, path, className, data, label } = record;
  const isId = id instanceof Uint8Array && id.length === ID_BYTES;
  check.that(isId, "id", `${ID_BYTES} bytes`, id);
  check.that(typeof path === "string" && path !== "", "path", "a text that is not empty", path);
  check.that(typeof className === "string", "className", "a text", className);
  check.that(data instanceof Uint8Array && data.length > 0, "data", "bytes of a picture", data);
  check.that(label !== undefined, "label", "a number, bytes or null", label);
}

function checkLabel(record: SampleRecord, { labelType }: WholeSchema): RowValue {
  const { label } = record;
  if (label === null || labelType === "none") return null;
  const good = labelType === "int"
    ? typeof label === "number" && (label | 0) === label
    : label instanceof Uint8Array;
  if (good) return label;
  throw new IngestError(
    `Cannot ingest ${recordName(record)} as its label must be ${
      labelType === "int" ? 'a 32-bit integer, or labelType "blob"' : "bytes"
    }: received ${label instanceof Uint8Array ? `${label.length} bytes` : label}`,
    { sampleId: formatId(record.id), option: "labelType" },
  );
}
