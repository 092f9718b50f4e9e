import { DatabaseSync, type StatementSync } from "node:sqlite";

/** Words of a slot: three of an id, and its number from 1 on; 0 where the slot is free. */
const SLOT_WORDS = 4;
const NUMBER = 3;
/** Bytes of an id that are kept: 90 of them are as good as random. */
const KEY_BYTES = 12;
const FIRST_SLOTS = 2 ** 10;
/** Most slots: 16 MiB, whatever the number of ids. */
const MOST_SLOTS = 2 ** 20;
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
 * 786,432 ids are kept in memory, in 16 MiB; when these are full they go to the disc, sorted, where
 * those after them are looked up too. Places lie on the disc but for the last thousand.
 */
export class SeenPaths implements Disposable {
  readonly #mostSlots: number;
  #slots: Uint32Array<ArrayBuffer>;
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
    const key = id.slice(0, KEY_BYTES);
    const words = new Uint32Array(key.buffer);
    const at = slotOf(this.#slots, words);
    if (this.#slots[at + NUMBER] !== 0) return this.#placeOf(this.#slots[at + NUMBER]);
    const stored = this.#find?.get(key);
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
        const slot = old.subarray(at, at + SLOT_WORDS);
        this.#slots.set(slot, slotOf(this.#slots, slot));
      }
      return;
    }
    const database = this.#opened();
    const insert = database.prepare("INSERT INTO ids VALUES (?, ?)");
    // In the order of the first word, as pages are then filled one after the other.
    const order = Uint32Array.from(usedSlots(old)).sort((a, b) =>
      order32(old[a]) - order32(old[b])
    );
    for (const at of order) {
      insert.run(new Uint8Array(old.slice(at, at + NUMBER).buffer), old[at + NUMBER]);
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
function slotOf(slots: Uint32Array, words: Uint32Array): number {
  const mask = slots.length - 1;
  let at = words[0] * SLOT_WORDS & mask;
  while (
    slots[at + NUMBER] !== 0 &&
    (slots[at] !== words[0] || slots[at + 1] !== words[1] || slots[at + 2] !== words[2])
  ) at = at + SLOT_WORDS & mask;
  return at;
}

function* usedSlots(slots: Uint32Array): Generator<number> {
  for (let at = 0; at < slots.length; at += SLOT_WORDS) if (slots[at + NUMBER] !== 0) yield at;
}

/** A word with its first byte in memory as the highest one, which is how SQLite compares. */
function order32(word: number): number {
  return ((word & 0xff) << 24 | (word & 0xff00) << 8 | word >>> 8 & 0xff00 | word >>> 24) >>> 0;
}
