import { DatabaseSync, type StatementSync } from "node:sqlite";

/** Rows that go to SQLite, and come from it, at once: a call takes as long as some 10 rows. */
const BLOCK = 1024;

/** KiB of pages that are kept in memory, and of rows that are sorted there. */
const CACHE_KIB = 2048;

/** Pages are of 16 KiB; one more thread sorts. */
const OPTIONS = "PRAGMA page_size = 16384; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; " +
  `PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -${CACHE_KIB}; PRAGMA threads = 1`;

/**
 * Rows of columns of fixed width in a temporary SQLite database, which sorts them by their bytes,
 * from those of the first column on.
 */
export class RowTable implements Disposable {
  /** Where rows are written: see `push`. */
  readonly view: DataView<ArrayBuffer>;
  readonly #block: Uint8Array<ArrayBuffer>;
  readonly #widths: readonly number[];
  readonly #rowBytes: number;
  readonly #database: DatabaseSync;
  readonly #path: string;
  #insertion: StatementSync;
  #length = 0;
  #inBlock = 0;

  /**
   * Makes the database.
   *
   * @param path A path that is free; nothing is left there.
   * @param widths Bytes of each column of a row.
   * @throws If no file can be made there.
   */
  constructor(path: string, widths: readonly number[]) {
    this.#widths = widths;
    this.#rowBytes = widths.reduce((sum, width) => sum + width, 0);
    this.#block = new Uint8Array(BLOCK * this.#rowBytes);
    this.view = new DataView(this.#block.buffer);
    this.#path = path;
    this.#database = new DatabaseSync(path);
    this.#database.exec(
      `${OPTIONS}; BEGIN; CREATE TABLE places (place INTEGER PRIMARY KEY); INSERT INTO places ` +
        "WITH RECURSIVE some (n) AS (VALUES (0) UNION ALL SELECT n + 1 FROM some " +
        `WHERE n < ${BLOCK - 1}) SELECT n FROM some`,
    );
    this.#insertion = this.#makeRows();
    // Where the system lets files without a name be, a kill leaves nothing behind.
    if (Deno.build.os !== "windows") Deno.removeSync(path);
  }

  /** Number of rows. */
  get length(): number {
    return this.#length;
  }

  /**
   * Makes room for one more row.
   *
   * @returns Where it begins in `view`: there its bytes must be set before the next call.
   */
  push(): number {
    if (this.#inBlock === BLOCK) this.#insert();
    this.#length++;
    return this.#inBlock++ * this.#rowBytes;
  }

  /**
   * Changes all rows.
   *
   * @param change Changes one: told where it begins in `view`.
   */
  rewrite(change: (at: number) => void): void {
    this.#insert();
    this.#database.exec("ALTER TABLE rows RENAME TO old");
    this.#insertion = this.#makeRows();
    for (const block of this.#blocks("old")) {
      this.#block.set(block);
      this.#inBlock = block.length / this.#rowBytes;
      for (let at = 0; at < block.length; at += this.#rowBytes) change(at);
      this.#insert();
    }
    this.#database.exec("DROP TABLE old");
  }

  /** Sorts the rows, after the last one was written, and takes them apart into their columns. */
  sort(): void {
    this.#insert();
    this.#database.exec(
      "CREATE TABLE sorted AS SELECT bytes FROM rows ORDER BY bytes; DROP TABLE rows",
    );
    const columns = this.#widths.map((width, c) => {
      this.#database.exec(`CREATE TABLE column${c} (bytes BLOB)`);
      const insertion = this.#database.prepare(`INSERT INTO column${c} VALUES (?)`);
      return { width, bytes: new Uint8Array(BLOCK * width), insertion };
    });
    for (const block of this.#blocks("sorted")) {
      let from = 0;
      for (const { width, bytes, insertion } of columns) {
        let at = 0;
        for (let row = from; row < block.length; row += this.#rowBytes) {
          for (let i = 0; i < width; i++) bytes[at++] = block[row + i];
        }
        insertion.run(bytes.subarray(0, at));
        from += width;
      }
    }
    this.#database.exec("DROP TABLE sorted");
  }

  /**
   * Reads a column, once the rows are sorted.
   *
   * @param column Its place.
   * @yields The bytes of some rows after those of others.
   */
  *column(column: number): Generator<Uint8Array<ArrayBuffer>> {
    const block = this.#database.prepare(`SELECT bytes FROM column${column} WHERE rowid = ?`);
    for (let row = 0, number = 1; row < this.#length; row += BLOCK, number++) {
      const bytes = block.get(number)!.bytes as Uint8Array<ArrayBuffer>;
      yield bytes;
      // Frees them now, not when they are collected.
      bytes.buffer.transfer(0);
    }
  }

  /** Closes the database, of which nothing is left. */
  [Symbol.dispose](): void {
    this.#database.close();
    if (Deno.build.os === "windows") Deno.removeSync(this.#path);
  }

  /** Through hexadecimal, as SQLite puts texts together, but no bytes. */
  *#blocks(table: string): Generator<Uint8Array<ArrayBuffer>> {
    const block = this.#database.prepare(
      "SELECT unhex(group_concat(hex(bytes), '')) AS bytes " +
        `FROM ${table} WHERE rowid > ? AND rowid <= ?`,
    );
    for (let row = 0; row < this.#length; row += BLOCK) {
      const bytes = block.get(row, row + BLOCK)!.bytes as Uint8Array<ArrayBuffer>;
      yield bytes;
      // Frees them now, not when they are collected.
      bytes.buffer.transfer(0);
    }
  }

  #makeRows(): StatementSync {
    this.#database.exec("CREATE TABLE rows (bytes BLOB)");
    return this.#database.prepare(
      `INSERT INTO rows SELECT substr(?1, place * ${this.#rowBytes} + 1, ${this.#rowBytes}) ` +
        "FROM places WHERE place < ?2 ORDER BY place",
    );
  }

  #insert(): void {
    this.#insertion.run(this.#block, this.#inBlock);
    this.#inBlock = 0;
  }
}
