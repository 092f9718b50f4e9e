import { DatabaseSync, type StatementSync } from "node:sqlite";

/** Words of a slot: three of an id, and its number from 1 on; 0 where the slot is free. */
const SLOT_WORDS = 4;
const NUMBER = 3;
/** Bytes of an id that are kept: 90 of them are as good as random. */
const KEY_BYTES = 12;
const FIRST_SLOTS = 2 ** 10;
/** Most slots: 8 MiB, whatever the number of ids. */
const MOST_SLOTS = 2 ** 19;
const MOST_LOAD = 0.75;
/** Places that go to the disc at once. */
const BLOCK = 1024;

/** Temporary tables lie in a file that SQLite makes for itself, with a small cache. */
const TABLES = "PRAGMA temp_store = FILE; PRAGMA temp.cache_size = -2048; " +
  "CREATE TEMP TABLE ids (id BLOB PRIMARY KEY, number INTEGER) WITHOUT ROWID; " +
  "CREATE TEMP TABLE places (block INTEGER PRIMARY KEY, text TEXT); BEGIN";

/**
 * Finds ids that come again, and tells where they came from first.
 *
 * 393,216 ids are kept in memory, in 8 MiB; when these are full they go to the disc, sorted, where
 * those after them are looked up too. Places lie on the disc but for the last thousand.
 */
export class SeenPaths implements Disposable {
  readonly #mostSlots: number;
  #slots: Uint32Array<ArrayBuffer>;
  readonly #words = new Uint32Array(NUMBER);
  #inMemory = 0;
  #length = 0;
  #places: string[] = [];
  #database: DatabaseSync | undefined;
  #find: StatementSync | undefined;

  /** @param mostSlots Most slots in memory, a power of two. */
  constructor(mostSlots = MOST_SLOTS) {
    this.#mostSlots = mostSlots;
    this.#slots = new Uint32Array(SLOT_WORDS * Math.min(FIRST_SLOTS, mostSlots));
  }

  /** Number of ids. */
  get length(): number {
    return this.#length;
  }

  /**
   * Adds an id, unless it is there.
   *
   * @param id Its 16 bytes, which are a hash.
   * @param place Where it comes from.
   * @returns Where it came from first; undefined if it is new.
   */
  add(id: Uint8Array<ArrayBuffer>, place: string): string | undefined {
    // One array for all: what is made for each id would be freed late.
    const words = this.#words;
    for (let i = 0; i < NUMBER; i++) words[i] = wordAt(id, 4 * i);
    const at = slotOf(this.#slots, words);
    if (this.#slots[at + NUMBER] !== 0) return this.#placeOf(this.#slots[at + NUMBER]);
    const stored = this.#find?.get(id.subarray(0, KEY_BYTES));
    if (stored) return this.#placeOf(Number(stored.number));
    this.#addPlace(place);
    this.#length++;
    this.#slots.set(words, at);
    this.#slots[at + NUMBER] = this.#length;
    this.#inMemory++;
    if (this.#inMemory >= MOST_LOAD * this.#slots.length / SLOT_WORDS) this.#makeRoom();
    return undefined;
  }

  /** Frees what lies on the disc. */
  [Symbol.dispose](): void {
    this.#database?.close();
    this.#database = this.#find = undefined;
  }

  #addPlace(place: string): void {
    this.#places.push(place);
    if (this.#places.length < BLOCK) return;
    this.#opened().prepare("INSERT INTO places VALUES (?, ?)").run(
      Math.floor(this.#length / BLOCK),
      JSON.stringify(this.#places),
    );
    this.#places = [];
  }

  #placeOf(number: number): string {
    const block = Math.floor((number - 1) / BLOCK);
    const within = (number - 1) % BLOCK;
    if (block === Math.floor(this.#length / BLOCK)) return this.#places[within];
    const row = this.#opened().prepare("SELECT text FROM places WHERE block = ?").get(block);
    return JSON.parse(String(row!.text))[within];
  }

  #makeRoom(): void {
    const old = this.#slots;
    if (old.length < SLOT_WORDS * this.#mostSlots) {
      this.#slots = new Uint32Array(2 * old.length);
      for (const at of usedSlots(old)) {
        const to = slotOf(this.#slots, old, at);
        for (let i = 0; i < SLOT_WORDS; i++) this.#slots[to + i] = old[at + i];
      }
      // Frees it now, not when it is collected.
      old.buffer.transfer(0);
      return;
    }
    const database = this.#opened();
    const insert = database.prepare("INSERT INTO ids VALUES (?, ?)");
    // In the order of the first word, as pages are then filled one after the other.
    const slots = old.length / SLOT_WORDS;
    const order = new Float64Array(this.#inMemory);
    let filled = 0;
    for (const at of usedSlots(old)) order[filled++] = old[at] * slots + at / SLOT_WORDS;
    const key = new DataView(new ArrayBuffer(KEY_BYTES));
    for (const place of order.sort()) {
      const at = place % slots * SLOT_WORDS;
      for (let i = 0; i < NUMBER; i++) key.setUint32(4 * i, old[at + i]);
      insert.run(new Uint8Array(key.buffer), old[at + NUMBER]);
    }
    old.fill(0);
    this.#inMemory = 0;
    this.#find ??= database.prepare("SELECT number FROM ids WHERE id = ?");
  }

  #opened(): DatabaseSync {
    if (this.#database) return this.#database;
    this.#database = new DatabaseSync(":memory:");
    this.#database.exec(TABLES);
    return this.#database;
  }
}

/** Where a key stands, or the free slot where it belongs. */
function slotOf(slots: Uint32Array, words: Uint32Array, from = 0): number {
  const mask = slots.length - 1;
  let at = words[from] * SLOT_WORDS & mask;
  while (
    slots[at + NUMBER] !== 0 &&
    (slots[at] !== words[from] || slots[at + 1] !== words[from + 1] ||
      slots[at + 2] !== words[from + 2])
  ) at = at + SLOT_WORDS & mask;
  return at;
}

function* usedSlots(slots: Uint32Array): Generator<number> {
  for (let at = 0; at < slots.length; at += SLOT_WORDS) if (slots[at + NUMBER] !== 0) yield at;
}

/** Four bytes as a number, the first one the highest, which is the order of SQLite. */
function wordAt(id: Uint8Array, at: number): number {
  return (id[at] << 24 | id[at + 1] << 16 | id[at + 2] << 8 | id[at + 3]) >>> 0;
}
