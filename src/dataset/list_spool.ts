import { ID_BYTES } from "../ids.ts";
import { ClassNames } from "./class_names.ts";
import { sortedClasses } from "./list_builder.ts";
import { NO_TEXT } from "./list_column.ts";
import { type CodeType, codeType, LIST_MAGIC, type ListHeader, textBytes } from "./list_file.ts";
import type { WriteFileOptions } from "./place_file.ts";
import type { RowSink } from "./row_buffer.ts";
import { RowTable } from "./row_table.ts";
import { bytesOf, cannotWrite, numbers, type StreamedSection, writeSections } from "./sections.ts";
import type { ColumnValue } from "./schema.ts";
import { TextCodes } from "./text_codes.ts";

/** Bytes of a label, and of the cell of a column: a number, or the code of a text as one. */
const LABEL_BYTES = 4;
const CELL_BYTES = 8;
/** Places of columns in the database. */
const [IDS, LABELS, FIRST_CELLS] = [0, 1, 2];

/**
 * Writes a list file in memory that does not grow with its rows: they are sorted in a temporary
 * database beside the file. Only the different texts of columns are kept.
 */
export class ListSpool implements RowSink, Disposable {
  readonly #path: string;
  readonly #options: WriteFileOptions;
  readonly #names: readonly string[];
  readonly #classes = new ClassNames();
  readonly #rows: RowTable;
  /** Texts of each column; undefined for one that has only numbers until now. */
  readonly #texts: (TextCodes | undefined)[];

  /**
   * @param path Path of the list file.
   * @param columns Names of the columns that are kept.
   * @param options Whether a file that is there is replaced.
   * @throws {UsageError} If no file can be made there.
   */
  constructor(path: string, columns: readonly string[] = [], options: WriteFileOptions = {}) {
    this.#path = path;
    this.#options = options;
    this.#names = columns;
    this.#texts = columns.map(() => undefined);
    this.#rows = this.#written(() =>
      new RowTable(`${path}.${crypto.randomUUID()}.new`, [
        ID_BYTES,
        LABEL_BYTES,
        ...columns.map(() => CELL_BYTES),
      ])
    );
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
    for (let c = 0; c < this.#texts.length; c++) {
      if (typeof columns[c] === "string" && !this.#texts[c]) this.#makeText(c);
    }
    this.#classes.add(label, name);
    const at = this.#written(() => this.#rows.push());
    const { view } = this.#rows;
    for (let i = 0; i < ID_BYTES; i++) view.setUint8(at + i, id[i]);
    view.setInt32(at + ID_BYTES, label ?? -1, true);
    for (let c = 0; c < this.#texts.length; c++) {
      const value = columns[c] ?? null;
      const cell = this.#texts[c]?.code(value) ?? (value as number | null) ?? NaN;
      view.setFloat64(at + cellAt(c), cell, true);
    }
  }

  /**
   * Writes the list file.
   *
   * @returns Number of samples and of classes.
   * @throws {UsageError} If it cannot be written.
   */
  async finish(): Promise<{ samples: number; classes: number }> {
    this.#written(() => this.#rows.sort());
    const { length } = this.#rows;
    const sections = new Map<string, Uint8Array<ArrayBuffer> | StreamedSection>([
      ["ids", { length: length * ID_BYTES, pieces: this.#rows.column(IDS) }],
      ["labels", { length: length * LABEL_BYTES, pieces: this.#rows.column(LABELS) }],
    ]);
    const header: ListHeader = {
      count: length,
      classes: [...sortedClasses(this.#classes.byLabel)],
      columns: [],
    };
    this.#names.forEach((name, c) => {
      const cells = this.#rows.column(FIRST_CELLS + c);
      const column = this.#texts[c]?.sorted();
      header.columns.push({ name, kind: column ? "text" : "number" });
      if (!column) {
        sections.set(`column${c}`, { length: length * CELL_BYTES, pieces: cells });
        return;
      }
      const type = codeType(column.texts.length);
      sections.set(`column${c}`, {
        length: length * type.BYTES_PER_ELEMENT,
        pieces: codes(cells, column.places, type),
      });
      sections.set(`texts${c}`, textBytes(column.texts));
    });
    const file = { header: { ...header }, sections };
    await writeSections(this.#path, LIST_MAGIC, file, this.#options);
    return { samples: length, classes: header.classes.length };
  }

  /** Removes what is not needed when the list is written, or is not to be. */
  [Symbol.dispose](): void {
    this.#rows[Symbol.dispose]();
  }

  /** Makes codes of the numbers of a column, of which later rows are texts. */
  #makeText(column: number): void {
    const texts = this.#texts[column] = new TextCodes();
    const { view } = this.#rows;
    this.#written(() =>
      this.#rows.rewrite((row) => {
        const at = row + cellAt(column);
        view.setFloat64(at, texts.code(view.getFloat64(at, true)), true);
      })
    );
  }

  #written<T>(write: () => T): T {
    try {
      return write();
    } catch (cause) {
      throw cannotWrite(this.#path, cause);
    }
  }
}

/** Where the cell of a column begins in a row, after id, label and the cells before. */
function cellAt(column: number): number {
  return ID_BYTES + LABEL_BYTES + CELL_BYTES * column;
}

function* codes(
  pieces: Iterable<Uint8Array<ArrayBuffer>>,
  places: Uint32Array,
  type: CodeType,
): Generator<Uint8Array> {
  for (const piece of pieces) {
    const cells = numbers(piece, Float64Array);
    yield bytesOf(type.from(cells, (code) => code === NO_TEXT ? NO_TEXT : places[code]));
  }
}
