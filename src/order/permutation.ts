import { keySchedule, mix } from "./mix.ts";

/** Even, so that the halves end where they began; small sizes need more than the usual four or six. */
const ROUNDS = 12;

/**
 * A shuffle of 0 … size − 1 that computes each place on its own, in constant time and memory.
 *
 * It is a generalised Feistel network with cycle walking (Black and Rogaway, "Ciphers with
 * Arbitrary Finite Domains", CT-RSA 2002): the same seed and epoch always give the same order.
 */
export class Permutation {
  /** Number of places. */
  readonly size: number;
  readonly #left: number;
  readonly #right: number;
  readonly #keys: Uint32Array;

  /**
   * @param size Number of places.
   * @param seed The shuffle's seed: any integer.
   * @param epoch Number of the epoch, from 0.
   */
  constructor(size: number, seed: number, epoch: number) {
    this.size = size;
    this.#left = Math.max(1, Math.ceil(Math.sqrt(size)));
    this.#right = Math.max(1, Math.ceil(size / this.#left));
    this.#keys = keySchedule(seed, epoch, ROUNDS);
  }

  /**
   * What stands at one place of the shuffled order.
   *
   * @param place From 0 to `size - 1`.
   * @returns A number from 0 to `size - 1`, another one for each place.
   */
  at(place: number): number {
    let value = place;
    do value = this.#encrypt(value); while (value >= this.size);
    return value;
  }

  /** One pass over the domain left · right, which is at least `size` and less than size + 2√size + 1. */
  #encrypt(value: number): number {
    let a = this.#left;
    let b = this.#right;
    let left = value % a;
    let right = Math.floor(value / a);
    for (const key of this.#keys) {
      const next = (left + mix(right ^ key) % a) % a;
      left = right;
      right = next;
      [a, b] = [b, a];
    }
    return left + this.#left * right;
  }
}
