import { ID_BYTES } from "../ids.ts";
import type { Cells } from "./column_builder.ts";
import { sortedClasses } from "./list_builder.ts";
import { NO_TEXT } from "./list_column.ts";
import { type CodeType, codeType, LIST_MAGIC, type ListHeader, textBytes } from "./list_file.ts";
import { RowBuffer, type RowSink } from "./row_buffer.ts";
import { RowRuns } from "./row_runs.ts";
import { bytesOf, cannotWrite, type StreamedSection, writeSections } from "./sections.ts";
import type { ColumnValue } from "./schema.ts";

/** Rows that are sorted in memory: 3 MiB of them. */
const RUN = 1 << 17;

/**
 * Writes a list file in memory that does not grow with its rows: they are sorted in runs beside the
 * file, which are merged into it. Only the different texts of columns are kept.
 */
export class ListSpool implements RowSink, Disposable {
  readonly #path: string;
  readonly #names: readonly string[];
  readonly #rows: RowBuffer;
  readonly #runs: RowRuns;
  readonly #run: number;
  #count = 0;

  /**
   * @param path Path of the list file.
   * @param columns Names of the columns that are kept.
   * @param run Rows that are sorted at once.
   * @throws {UsageError} If no file can be made there.
   */
  constructor(path: string, columns: readonly string[] = [], run: number = RUN) {
    this.#run = run;
    this.#path = path;
    this.#names = columns;
    this.#rows = new RowBuffer(columns.length);
    this.#runs = this.#written(() => new RowRuns(`${path}.${crypto.randomUUID()}.new`));
  }

  /**
   * Adds a row.
   *
   * @param id Its id, 16 bytes; copied.
   * @param label Number of its class.
   * @param name Name of its class.
   * @param columns Values of the columns, in the order of their names.
   */
  add(
    id: Uint8Array,
    label: number | null,
    name: string | null,
    columns: readonly ColumnValue[] = [],
  ): void {
    this.#rows.add(id, label, name, columns);
    if (this.#rows.length === this.#run) this.#spill();
  }

  /**
   * Writes the list file.
   *
   * @returns Number of samples and of classes.
   * @throws {UsageError} If it cannot be written.
   */
  async finish(): Promise<{ samples: number; classes: number }> {
    this.#spill();
    const runs = this.#runs;
    const sections = new Map<string, Uint8Array<ArrayBuffer> | StreamedSection>([
      ["ids", { length: this.#count * ID_BYTES, pieces: runs.ids() }],
      ["labels", { length: this.#count * 4, pieces: bytes(runs.labels()) }],
    ]);
    const header: ListHeader = {
      count: this.#count,
      classes: [...sortedClasses(this.#rows.classes)],
      columns: [],
    };
    this.#rows.columns.forEach((column, c) => {
      const name = this.#names[c];
      if (!column.isText) {
        header.columns.push({ name, kind: "number" });
        sections.set(`column${c}`, { length: this.#count * 8, pieces: bytes(runs.cells(c)) });
        return;
      }
      this.#written(() => runs.makeText(c, (numbers) => column.current(numbers)));
      const { texts, places } = column.texts();
      const type = codeType(texts.length);
      header.columns.push({ name, kind: "text" });
      sections.set(`column${c}`, {
        length: this.#count * type.BYTES_PER_ELEMENT,
        pieces: bytes(codes(runs.cells(c), places, type)),
      });
      sections.set(`texts${c}`, textBytes(texts));
    });
    await writeSections(this.#path, LIST_MAGIC, { header: { ...header }, sections });
    return { samples: this.#count, classes: header.classes.length };
  }

  /** Removes what is not needed when the list is written, or is not to be. */
  [Symbol.dispose](): void {
    this.#runs[Symbol.dispose]();
  }

  #spill(): void {
    this.#count += this.#rows.length;
    const { ids, labels, cells } = this.#rows.take();
    this.#written(() => this.#runs.add({ ids, labels, cells }));
    // Frees them now, not when they are collected.
    for (const { buffer } of [ids, labels, ...cells]) buffer.transfer(0);
  }

  #written<T>(write: () => T): T {
    try {
      return write();
    } catch (cause) {
      throw cannotWrite(this.#path, cause);
    }
  }
}

function* bytes(
  pieces: Iterable<{ buffer: ArrayBuffer; byteOffset: number; byteLength: number }>,
): Generator<Uint8Array> {
  for (const piece of pieces) yield bytesOf(piece);
}

function* codes(
  pieces: Iterable<Cells>,
  places: Uint32Array,
  type: CodeType,
) {
  for (const piece of pieces) {
    yield type.from(piece, (code) => code === NO_TEXT ? NO_TEXT : places[code]);
  }
}
