import { Chunked } from "./chunked.ts";
import { hashPlace } from "./hash.ts";

const UTF8 = new TextEncoder();

/**
 * Finds paths that several rows have, in 8 bytes a row: rows whose hashes are equal are looked at once
 * more. Paths that differ by Unicode normalisation alone are the same.
 */
export class PathHashes {
  readonly #hashes = new Chunked<Float64Array<ArrayBuffer>>(Float64Array);
  #candidates: Set<number> | undefined;
  readonly #ids = new Map<string, Set<string>>();

  /**
   * Takes the path of a row.
   *
   * @param path The path.
   */
  add(path: string): void {
    this.#hashes.push(hashOf(path));
  }

  /**
   * Tells whether the rows must be gone through once more, with `addAgain`.
   *
   * @returns True if some of their hashes are equal.
   */
  hasCandidates(): boolean {
    const hashes = this.#hashes.take().sort();
    this.#candidates = new Set(hashes.filter((hash, i) => i > 0 && hash === hashes[i - 1]));
    return this.#candidates.size > 0;
  }

  /**
   * Takes a row once more.
   *
   * @param path Its path.
   * @param id Its id, as text.
   */
  addAgain(path: string, id: string): void {
    if (!this.#candidates?.has(hashOf(path))) return;
    const key = path.normalize("NFC");
    const ids = this.#ids.get(key) ?? new Set();
    this.#ids.set(key, ids.add(id));
  }

  /**
   * The samples that share a path.
   *
   * @yields Each path and id of such a sample.
   */
  *doubled(): Generator<{ path: string; id: string }> {
    for (const [path, ids] of this.#ids) {
      if (ids.size > 1) { for (const id of ids) yield { path, id }; }
    }
  }
}

function hashOf(path: string): number {
  return hashPlace(UTF8.encode(path.normalize("NFC")), 0);
}
