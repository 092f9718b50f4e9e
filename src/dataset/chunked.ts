type Numbers = Uint8Array | Int32Array | Uint32Array | Float64Array;

/** Numbers of a chunk: at least 256 KiB, which is given back to the system when it is freed. */
const CHUNK = 1 << 18;

/**
 * Numbers that come one by one, in chunks: nothing is copied as they grow, and each chunk is freed
 * as soon as it stands in the whole.
 */
export class Chunked<T extends Numbers> {
  readonly #type: new (length: number) => T;
  #chunks: T[] = [];
  #last: T | undefined;
  #used = CHUNK;

  /** @param type Type of the array. */
  constructor(type: new (length: number) => T) {
    this.#type = type;
  }

  /** How many there are. */
  get length(): number {
    return this.#chunks.length * CHUNK + this.#used - CHUNK;
  }

  /**
   * Adds a number.
   *
   * @param value The number.
   */
  push(value: number): void {
    if (this.#used === CHUNK) this.#grow();
    this.#last![this.#used++] = value;
  }

  /**
   * Takes the numbers out.
   *
   * @returns All of them in one array; none are left here.
   */
  take(): T {
    const whole = new this.#type(this.length);
    for (let i = 0; i < this.#chunks.length; i++) {
      const chunk = this.#chunks[i];
      whole.set(chunk.subarray(0, Math.min(CHUNK, whole.length - i * CHUNK)), i * CHUNK);
      // Frees it now, not when it is collected.
      (chunk.buffer as ArrayBuffer).transfer(0);
    }
    this.#chunks = [];
    this.#last = undefined;
    this.#used = CHUNK;
    return whole;
  }

  #grow(): void {
    this.#last = new this.#type(CHUNK);
    this.#chunks.push(this.#last);
    this.#used = 0;
  }
}
