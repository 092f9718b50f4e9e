import { lstatSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { OptionCheck } from "../check.ts";
import { CassetteError, DisposedError, IngestError, UsageError } from "../errors.ts";
import { formatId } from "../ids.ts";
import { quote } from "../source/quote.ts";
import { FolderFiles, TEMPORARY } from "./folder_files.ts";
import type { WriteFileOptions } from "./place_file.ts";
import type { NumberedClass, Numbering } from "./class_map.ts";
import { type DatasetWriter, recordName, type SampleRecord } from "./record.ts";
import { recordRows } from "./row.ts";
import {
  type DatasetSchema,
  metadataColumns,
  sqliteSchema,
  type WholeSchema,
  wholeSchema,
} from "./schema.ts";
import { addSqliteClasses } from "./sqlite_classes.ts";

const METADATA = "cassette.sqlite";
const MANIFEST = "manifest.csv";
const LABELS = "_labels";
/** What a path must not begin with. */
const OWN = [LABELS, TEMPORARY, METADATA, MANIFEST];
const TRANSACTION = 256;

/**
 * Writes a data set into a folder: pictures at their paths, masks and arrays below `_labels`, the
 * metadata in `cassette.sqlite`, and at the end a `manifest.csv` from which it can be ingested.
 */
export class FolderWriter implements DatasetWriter {
  /** Name for messages: the path of the folder. */
  readonly name: string;
  readonly #schema: WholeSchema;
  readonly #database: DatabaseSync;
  readonly #files: FolderFiles;
  #owner: StatementSync | undefined;
  #pending = 0;
  #disposed = false;

  /**
   * Opens or makes a folder.
   *
   * @param folder Path of the folder; made if it is missing.
   * @param schema Names and columns of the metadata table.
   * @param options Whether files that are there, and not of this data set, are replaced.
   * @throws {UsageError} If the folder cannot be made, or has a manifest that is not of a data set, or
   *   the schema is wrong.
   */
  constructor(folder: string, schema: DatasetSchema = {}, options: WriteFileOptions = {}) {
    const check = new OptionCheck("write a folder");
    check.names(options, { force: true });
    check.flag("force", options.force);
    check.that(typeof folder === "string" && folder !== "", "folder", "a path", folder);
    this.name = folder;
    this.#schema = wholeSchema(schema);
    const isThere = (name: string) =>
      lstatSync(join(folder, name), { throwIfNoEntry: false }) !== undefined;
    if (!options.force && isThere(MANIFEST) && !isThere(METADATA)) {
      throw new UsageError(
        `Cannot write into ${folder} as its ${MANIFEST} is there already: give another folder, or force (--force) to replace it`,
        { option: "folder" },
      );
    }
    try {
      Deno.mkdirSync(folder, { recursive: true });
      this.#database = new DatabaseSync(join(folder, METADATA));
      this.#database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    } catch (cause) {
      throw new UsageError(
        `Cannot write into ${folder} as it must be a folder that may be written: received ${
          (cause as Error).message
        }`,
        { cause },
      );
    }
    this.#files = new FolderFiles(folder, options, (path) => this.#ownerOf(path));
  }

  /** Creates the metadata table if it is missing. */
  createTables(): Promise<void> {
    for (const statement of sqliteSchema(this.#schema).slice(1)) this.#database.exec(statement);
    const { metadataTable } = this.#schema;
    this.#database.exec(
      `CREATE INDEX IF NOT EXISTS ${quote(`${metadataTable}_by_path`)} ON ${
        quote(metadataTable)
      } (path)`,
    );
    return Promise.resolve();
  }

  /**
   * Puts classes into the table of classes, so that all ingests into the folder number them alike.
   *
   * @param wanted The classes.
   * @param numbering Where their numbers come from.
   * @returns Number of each class; undefined where labels are no numbers.
   * @throws {SchemaError} If a class would have two numbers, or a number two classes.
   */
  // deno-lint-ignore require-await
  async numberClasses(
    wanted: readonly NumberedClass[],
    numbering: Numbering,
  ): Promise<ReadonlyMap<string, number> | undefined> {
    if (this.#schema.labelType !== "int") return undefined;
    this.#commit();
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const classes = addSqliteClasses(this.#database, this.name, this.#schema, wanted, numbering);
      this.#database.exec("COMMIT");
      return classes;
    } finally {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
    }
  }

  /**
   * Tells whether there are no records yet.
   *
   * @returns True if the metadata table has no rows.
   */
  isEmpty(): Promise<boolean> {
    const table = quote(this.#schema.metadataTable);
    const row = this.#database.prepare(`SELECT 1 FROM ${table} LIMIT 1`).get();
    return Promise.resolve(row === undefined);
  }

  /**
   * Looks up what a stored record was made of.
   *
   * @param record Names the record.
   * @returns Its `origin`; undefined if it is not stored, or its file is gone.
   */
  async origin({ id }: Pick<SampleRecord, "id">): Promise<Uint8Array | undefined> {
    const { metadataTable, metadataIdColumn } = this.#schema;
    const row = this.#database.prepare(
      `SELECT origin, path FROM ${quote(metadataTable)} WHERE ${quote(metadataIdColumn)} = ?`,
    ).get(id);
    if (!row) return undefined;
    const file = await Deno.stat(join(this.name, String(row.path))).catch(() => undefined);
    return file && row.origin as Uint8Array;
  }

  /**
   * Writes one record: its files, then its metadata.
   *
   * @param record The record.
   * @returns Once it is written.
   * @throws {UsageError} If it is no record.
   * @throws {IngestError} If its path leads out of the folder, or there is no room.
   * @throws {DisposedError} If the writer has been disposed.
   */
  async write(record: SampleRecord): Promise<void> {
    if (this.#disposed) {
      throw new DisposedError(
        `Cannot write into ${this.name} as the writer must not be disposed of`,
      );
    }
    try {
      await this.#write(record);
    } catch (cause) {
      throw cause instanceof CassetteError ? cause : this.#cannotWrite(cause);
    }
  }

  async #write(record: SampleRecord): Promise<void> {
    const { metadata } = recordRows(record, this.#schema);
    const path = withExtension(record.path, record.data);
    const parts = path.split("/");
    if (
      path.startsWith("/") || parts.includes("..") || path.includes("\0") || OWN.includes(parts[0])
    ) {
      throw new IngestError(
        `Cannot write ${
          recordName(record)
        } as its path must stay in ${this.name}, and not be in one of its own folders: received "${path}"`,
        { sampleId: formatId(record.id) },
      );
    }
    using _claim = this.#files.claim(record, path);
    await this.#files.write(record, path, path, record.data);
    if (record.label instanceof Uint8Array) {
      await this.#files.write(record, labelPath(path, record.label), path, record.label);
    }
    const columns = metadataColumns(this.#schema);
    if (this.#pending++ === 0) this.#database.exec("BEGIN IMMEDIATE");
    this.#database.prepare(
      `INSERT OR REPLACE INTO ${quote(this.#schema.metadataTable)} (${
        columns.map(quote).join(", ")
      }) VALUES (${columns.map(() => "?").join(", ")})`,
      // deno-lint-ignore cassette/spread -- at most the columns of a table
    ).run(record.id, path, ...metadata.slice(1));
    if (this.#pending >= TRANSACTION) this.#commit();
  }

  /**
   * Stores all metadata, and writes the manifest.
   *
   * @throws {IngestError} If there is no room.
   */
  async flush(): Promise<void> {
    try {
      this.#commit();
      await this.#writeManifest();
    } catch (cause) {
      throw this.#cannotWrite(cause);
    }
  }

  async #writeManifest(): Promise<void> {
    const { metadataTable, metadataLabelColumn, labelType, columns } = this.#schema;
    const label = labelType === "int" ? quote(metadataLabelColumn) : "NULL";
    const own = Object.keys(columns);
    const rows = this.#database.prepare(
      `SELECT path AS path, class AS class, ${label} AS label${
        own.map((name, i) => `, ${quote(name)} AS c${i}`).join("")
      } FROM ${quote(metadataTable)} ORDER BY path`,
    ).iterate();
    const temporary = join(this.name, `.${MANIFEST}.new`);
    using file = await Deno.open(temporary, { write: true, create: true, truncate: true });
    const writer = file.writable.getWriter();
    const encoder = new TextEncoder();
    const line = (cells: unknown[]) =>
      writer.write(encoder.encode(cells.map(csv).join(",") + "\n"));
    const last = labelType === "int" ? "label" : "label_file";
    await line(["path", "class", ...(labelType === "none" ? [] : [last]), ...own]);
    for (const row of rows) {
      const path = String(row.path);
      const value = labelType === "none"
        ? []
        : labelType === "int"
        ? [row.label]
        : [await this.#labelOf(path)];
      await line([path, row.class, ...value, ...own.map((_, i) => row[`c${i}`])]);
    }
    await writer.close();
    await Deno.rename(temporary, join(this.name, MANIFEST));
  }

  /** Stores what is pending and closes the metadata. */
  // deno-lint-ignore require-await
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    try {
      this.#commit();
    } catch (cause) {
      throw this.#cannotWrite(cause);
    } finally {
      this.#files[Symbol.dispose]();
      this.#database.close();
    }
  }

  #commit(): void {
    if (this.#pending === 0) return;
    this.#pending = 0;
    try {
      this.#database.exec("COMMIT");
    } finally {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
    }
  }

  #cannotWrite(cause: unknown): IngestError {
    return new IngestError(
      `Cannot write into ${this.name} as there must be room, and the right to: received ${
        (cause as Error).message
      }`,
      { cause },
    );
  }

  #ownerOf(path: string): Uint8Array | undefined {
    const { metadataTable, metadataIdColumn } = this.#schema;
    this.#owner ??= this.#database.prepare(
      `SELECT ${quote(metadataIdColumn)} AS id FROM ${quote(metadataTable)} WHERE path = ?`,
    );
    const row = this.#owner.get(path);
    return row?.id as Uint8Array | undefined;
  }

  async #labelOf(path: string): Promise<string> {
    for (const extension of ["png", "npy"]) {
      const name = `${LABELS}/${path}.${extension}`;
      if (await Deno.stat(join(this.name, name)).catch(() => undefined)) return name;
    }
    return "";
  }
}

function labelPath(path: string, label: Uint8Array): string {
  return `${LABELS}/${path}.${label[0] === 0x89 ? "png" : "npy"}`;
}

/** The path, with the extension of the picture's format where it has that of another one. */
function withExtension(path: string, data: Uint8Array): string {
  if (data[0] === 0xff && !/\.(jpe?g|jpe|jfif)$/i.test(path)) return `${path}.jpg`;
  if (data[0] === 0x89 && !/\.png$/i.test(path)) return `${path}.png`;
  return path;
}

function csv(value: unknown): string {
  const text = value === null || value === undefined ? "" : String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
