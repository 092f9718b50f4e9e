import type { Command } from "commander";
import { Buffer } from "node:buffer";
import { PNG } from "pngjs";
import { visible } from "../check.ts";
import { isPng, readPngHeader } from "../codec/png_file.ts";
import {
  type MetadataRow,
  readCassandraMetadata,
  readSqliteMetadata,
} from "../dataset/metadata_row.ts";
import { contentHash, pathId } from "../dataset/record.ts";
import type { ColumnValue, WholeSchema } from "../dataset/schema.ts";
import { CassetteError, MissingSampleError } from "../errors.ts";
import { requestDevice } from "../gpu/device.ts";
import { formatId, IdList, parseId } from "../ids.ts";
import { inspectJpeg } from "../jpeg/inspect.ts";
import { noLabels } from "../labels.ts";
import { Loader } from "../loader.ts";
import type { BlobSource, RawLabel } from "../source/source.ts";
import { size } from "./amounts.ts";
import { addForce, checkOutput, type OutputFlags, writeOutput } from "./output.ts";
import {
  addTargetOptions,
  checkTarget,
  connection,
  openSource,
  schemaOf,
  type TargetOptions,
} from "./target.ts";
import { say, sayJson, warn } from "./say.ts";

interface ShowFlags extends TargetOptions, OutputFlags {
  out?: string;
  json?: boolean;
}

/** What is shown of a sample. */
interface Shown {
  id: string;
  path: string | null;
  class: string | null;
  /** A number, or the bytes of a label that is a blob. */
  label: number | { bytes: number } | null;
  bytes: number | null;
  format: "JPEG" | "PNG" | null;
  width: number | null;
  height: number | null;
  /** EXIF orientation, 1 to 8. */
  orientation: number | null;
  /** SHA-256 of the blob, as the metadata have it. */
  hash: string | null;
  /** Whether the blob has that hash. */
  hashIsEqual: boolean | null;
  /** Columns of one's own. */
  columns: Record<string, ColumnValue>;
  /** Why there is no blob, or no picture. */
  error: string | null;
}

const UUID = /^[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}$/i;

/**
 * Adds `cassette show`.
 *
 * @param program The command to add it to.
 * @param done Told whether something failed.
 */
export function addShow(program: Command, done: (failed: boolean) => void): void {
  const command = program.command("show")
    .description("Show all that is stored of one sample, and write its picture as a PNG file.")
    .argument("<id>", "id of the sample, a UUID, or its path within the data set")
    .option("--out <file>", "PNG file to write the picture to, upright")
    .option("--json", "print one JSON object");
  addForce(addTargetOptions(command)).action(async (name: string, flags: ShowFlags) => {
    if (flags.out !== undefined) await checkOutput(flags.out, flags, [flags.sqlite]);
    const id = UUID.test(name) ? parseId(name) : pathId(name);
    const schema = schemaOf(flags);
    await using source = await openSource(flags);
    const row = await readMetadata(flags, schema, id);
    const shown = await describe(source, schema, id, row);
    if (row.columns === undefined && shown.bytes === null) {
      throw new MissingSampleError(
        `Cannot show ${visible(name)} as the data set must have a row of ${
          formatId(id)
        }: received none`,
        { sampleId: formatId(id) },
      );
    }
    if (flags.out !== undefined && shown.error === null) {
      try {
        await writeOutput(flags.out, await picture(source, id), flags);
      } catch (error) {
        if (!(error instanceof CassetteError) || error.sampleId === undefined) throw error;
        shown.error = `${error.name}: ${error.message}`;
      }
    }
    if (flags.json) sayJson(shown);
    else for (const line of linesOf(shown)) say(line);
    if (shown.error !== null) warn(shown.error);
    done(shown.error !== null || shown.hashIsEqual === false);
  });
}

async function readMetadata(flags: ShowFlags, schema: WholeSchema, id: Uint8Array) {
  if (checkTarget(flags) === "sqlite") return readSqliteMetadata(flags.sqlite!, schema, id);
  return await readCassandraMetadata(connection(flags), flags.keyspace, schema, id);
}

async function describe(
  source: BlobSource,
  schema: WholeSchema,
  id: Uint8Array<ArrayBuffer>,
  { columns, classes }: MetadataRow,
): Promise<Shown> {
  using batch = await source.fetch(new IdList(id));
  const blob = batch.error(0) ? undefined : batch.blob(0);
  const own = new Map(columns);
  const take = (name: string) => {
    const value = own.get(name) ?? null;
    own.delete(name);
    return value;
  };
  for (const name of [schema.metadataIdColumn, "bytes", "origin"]) own.delete(name);
  const [path, className, hash] = ["path", "class", "hash"].map(take);
  const number = schema.labelType === "int" ? take(schema.metadataLabelColumn) : null;
  const label = labelOf(batch.label(0), number);
  const error = batch.error(0);
  return {
    id: formatId(id),
    path: textOf(path),
    class: textOf(className) ?? (typeof label === "number" ? classes.get(label) ?? null : null),
    label,
    bytes: blob?.length ?? null,
    ...pictureOf(blob),
    hash: textOf(hash),
    hashIsEqual: blob && hash !== null ? contentHash(blob).toHex() === hash : null,
    columns: Object.fromEntries(own),
    ...error ? { error: `${error.name}: ${error.message}` } : {},
  };
}

function textOf(value: ColumnValue): string | null {
  return value === null || value === "" ? null : String(value);
}

/** That of the data table is what is loaded. */
function labelOf(label: RawLabel, number: ColumnValue): Shown["label"] {
  if (label instanceof Uint8Array) return { bytes: label.length };
  return label ?? (typeof number === "number" ? number : null);
}

/** What the file says of itself, without decoding it. */
function pictureOf(
  blob: Uint8Array | undefined,
): Pick<Shown, "format" | "width" | "height" | "orientation" | "error"> {
  const none = { format: null, width: null, height: null, orientation: null, error: null };
  if (!blob) return none;
  try {
    if (isPng(blob)) {
      const { width, height } = readPngHeader(blob);
      return { ...none, format: "PNG", width, height };
    }
  } catch (error) {
    return { ...none, format: "PNG", error: (error as Error).message };
  }
  const { frame, error = null } = inspectJpeg(blob);
  if (!frame) {
    return { ...none, error: error && `The blob is no picture that can be decoded: ${error}` };
  }
  const { width, height, orientation } = frame;
  return { format: "JPEG", width, height, orientation, error };
}

function linesOf(shown: Shown): string[] {
  const { id, path, label, width, height, orientation, hash, columns } = shown;
  const name = shown.class === null ? "" : ` (${shown.class})`;
  const kind = typeof label === "object" && label !== null
    ? `${label.bytes} bytes`
    : label === null
    ? "none"
    : `${label}${name}`;
  const pixels = width === null ? "" : `, ${width}×${height}`;
  const turned = orientation === null ? "" : `, orientation ${orientation}`;
  return [
    `id: ${id}`,
    `path: ${path ?? "not known"}`,
    `label: ${kind}`,
    shown.bytes === null
      ? "blob: none"
      : `blob: ${shown.format ?? "no picture"}${pixels}${turned}, ${shown.bytes} bytes (${
        size(shown.bytes)
      })`,
    `hash: ${hash ?? "not known"}${
      shown.hashIsEqual === null
        ? ""
        : shown.hashIsEqual
        ? ", that of the blob"
        : ", not the blob's"
    }`,
    ...Object.entries(columns).map(([column, value]) => `${column}: ${value ?? "none"}`),
  ];
}

/** The picture as the loader would hand it out, without operators. */
async function picture(source: BlobSource, id: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const device = await requestDevice();
  try {
    await using loader = new Loader({
      source,
      device,
      ids: new IdList(id),
      batchSize: 1,
      epochs: 1,
      labels: noLabels(),
      output: { layout: "NHWC", dtype: "u8" },
    });
    using batch = await loader.at(0);
    const pixels = await batch.images.read() as Uint8Array;
    const [, height, width] = batch.images.shape;
    const png = new PNG({ width, height, inputHasAlpha: false, colorType: 2 });
    png.data = Buffer.from(pixels.buffer, pixels.byteOffset, pixels.length);
    return PNG.sync.write(png, { inputHasAlpha: false, colorType: 2, inputColorType: 2 });
  } finally {
    device.destroy();
  }
}
