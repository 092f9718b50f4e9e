import { ID_BYTES } from "../ids.ts";
import type { Cells } from "./column_builder.ts";
import type { SortedRows } from "./row_buffer.ts";
import { bytesOf } from "./sections.ts";
import { compareIds } from "./sort_rows.ts";

/** Rows of which the ids, or other values, are read at once while runs are merged. */
const WINDOW = 1024;
/** Bytes of a label, and of a cell at most. */
const LABEL_BYTES = 4;
const CELL_BYTES = 8;

type Values = Int32Array<ArrayBuffer> | Cells;

interface Run {
  /** Number of rows. */
  length: number;
  /** Where it begins in the file. */
  at: number;
  /** Which columns are texts. */
  texts: boolean[];
}

/** Sorted runs of rows in a file without a name, which are read as one (an external merge sort). */
export class RowRuns implements Disposable {
  readonly #file: Deno.FsFile;
  readonly #path: string;
  readonly #runs: Run[] = [];
  #end = 0;

  /**
   * Makes the file.
   *
   * @param path A path that is free.
   */
  constructor(path: string) {
    this.#path = path;
    this.#file = Deno.openSync(path, { read: true, write: true, createNew: true });
    // Where the system lets files without a name be, a kill leaves nothing behind.
    if (Deno.build.os !== "windows") Deno.removeSync(path);
  }

  /**
   * Writes a run.
   *
   * @param rows The rows, by ids.
   */
  add({ ids, labels, cells }: SortedRows): void {
    if (labels.length === 0) return;
    const run = {
      length: labels.length,
      at: this.#end,
      texts: cells.map((column) => column instanceof Uint32Array),
    };
    this.#write(run.at, ids);
    this.#write(labelsAt(run), bytesOf(labels));
    cells.forEach((column, c) => this.#write(cellsAt(run, c), bytesOf(column)));
    this.#runs.push(run);
    this.#end = cellsAt(run, cells.length);
  }

  /**
   * Makes codes of the numbers of a column, of which later runs are texts.
   *
   * @param column Place of the column.
   * @param code Makes codes of the numbers of one run.
   */
  makeText(column: number, code: (numbers: Cells) => Cells): void {
    for (const run of this.#runs) {
      if (run.texts[column]) continue;
      const numbers = new Float64Array(run.length);
      this.#read(cellsAt(run, column), bytesOf(numbers));
      this.#write(cellsAt(run, column), bytesOf(code(numbers)));
      run.texts[column] = true;
    }
  }

  /**
   * Reads the ids of all runs.
   *
   * @yields Some of them, ascending; the array is used again.
   */
  *ids(): Generator<Uint8Array<ArrayBuffer>> {
    const some = new Uint8Array(WINDOW * ID_BYTES);
    let length = 0;
    for (const { ids, place } of this.#merge()) {
      const from = place * ID_BYTES;
      for (let i = 0; i < ID_BYTES; i++) some[length++] = ids[from + i];
      if (length === some.length) {
        yield some;
        length = 0;
      }
    }
    yield some.subarray(0, length);
  }

  /**
   * Reads the labels of all runs.
   *
   * @returns Some of them after others, in the order of the ids.
   */
  labels(): Generator<Int32Array<ArrayBuffer>> {
    return this.#values(labelsAt, () => new Int32Array(WINDOW));
  }

  /**
   * Reads the values of a column of all runs, which all must be numbers, or codes.
   *
   * @param column Place of the column.
   * @returns Some of them after others, in the order of the ids.
   */
  cells(column: number): Generator<Cells> {
    const text = this.#runs[0]?.texts[column];
    return this.#values<Cells>(
      (run) => cellsAt(run, column),
      () => text ? new Uint32Array(WINDOW) : new Float64Array(WINDOW),
    );
  }

  /** Closes the file, of which nothing is left. */
  [Symbol.dispose](): void {
    this.#file.close();
    if (Deno.build.os === "windows") Deno.removeSync(this.#path);
  }

  *#values<T extends Values>(start: (run: Run) => number, make: () => T): Generator<T> {
    const some = make();
    let length = 0;
    for (const cursor of this.#merge(start, make)) {
      some[length++] = cursor.values![cursor.place];
      if (length === WINDOW) {
        yield some;
        length = 0;
      }
    }
    yield some.subarray(0, length) as T;
  }

  /** Goes through the rows of all runs by their ids; equal ones in the order of the runs. */
  *#merge(start?: (run: Run) => number, make?: () => Values): Generator<Cursor> {
    const heap: Cursor[] = [];
    const sink = (at: number) => {
      for (;;) {
        let least = at;
        for (let child = 2 * at + 1; child <= 2 * at + 2 && child < heap.length; child++) {
          if (isBefore(heap[child], heap[least])) least = child;
        }
        if (least === at) return;
        [heap[at], heap[least]] = [heap[least], heap[at]];
        at = least;
      }
    };
    this.#runs.forEach((run, order) => {
      const ids = new Uint8Array(WINDOW * ID_BYTES);
      heap.push({ run, order, start: start?.(run) ?? 0, ids, values: make?.(), row: -1, place: 0 });
      this.#advance(heap[order]);
    });
    for (let at = heap.length >> 1; at >= 0; at--) sink(at);
    while (heap.length > 0) {
      yield heap[0];
      if (!this.#advance(heap[0])) {
        const last = heap.pop()!;
        if (heap.length === 0) return;
        heap[0] = last;
      }
      sink(0);
    }
  }

  /** Goes to the next row of a run. */
  #advance(cursor: Cursor): boolean {
    const { run, start, ids, values } = cursor;
    if (++cursor.row === run.length) return false;
    cursor.place = cursor.row % WINDOW;
    if (cursor.place === 0) {
      const rows = Math.min(WINDOW, run.length - cursor.row);
      this.#read(run.at + cursor.row * ID_BYTES, ids.subarray(0, rows * ID_BYTES));
      if (values) {
        const size = values.BYTES_PER_ELEMENT;
        this.#read(start + cursor.row * size, bytesOf(values).subarray(0, rows * size));
      }
    }
    return true;
  }

  #write(at: number, bytes: Uint8Array): void {
    this.#file.seekSync(at, Deno.SeekMode.Start);
    while (bytes.length > 0) bytes = bytes.subarray(this.#file.writeSync(bytes));
  }

  #read(at: number, bytes: Uint8Array): void {
    this.#file.seekSync(at, Deno.SeekMode.Start);
    while (bytes.length > 0) {
      const read = this.#file.readSync(bytes);
      if (read === null) throw new Error(`${this.#path} ends early`);
      bytes = bytes.subarray(read);
    }
  }
}

/** How far a run is read. */
interface Cursor {
  run: Run;
  order: number;
  start: number;
  ids: Uint8Array<ArrayBuffer>;
  values: Values | undefined;
  /** Row of the run. */
  row: number;
  /** Its place in what is read at once. */
  place: number;
}

function isBefore(a: Cursor, b: Cursor): boolean {
  const difference = compareIds(a.ids, a.place, b.ids, b.place);
  return difference < 0 || difference === 0 && a.order < b.order;
}

function labelsAt({ at, length }: Run): number {
  return at + length * ID_BYTES;
}

function cellsAt(run: Run, column: number): number {
  return labelsAt(run) + run.length * (LABEL_BYTES + CELL_BYTES * column);
}
