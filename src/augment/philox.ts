const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;
const ROUNDS = 10;

/**
 * One block of Philox4x32-10: 128 random bits that are a pure function of counter and key.
 *
 * Salmon, Moraes, Dror and Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3" (SC 2011).
 *
 * @param counter Four 32-bit words; the block's result replaces them.
 * @param key0 First 32 bits of the key.
 * @param key1 Second 32 bits of the key.
 */
export function philox(counter: Uint32Array, key0: number, key1: number): void {
  let c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
  let k0 = key0 | 0, k1 = key1 | 0;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, c0);
    const high1 = multiplyHigh(MULTIPLIER_1, c2);
    const low0 = Math.imul(MULTIPLIER_0, c0);
    const low1 = Math.imul(MULTIPLIER_1, c2);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + WEYL_0) | 0;
    k1 = (k1 + WEYL_1) | 0;
  }
  counter[0] = c0;
  counter[1] = c1;
  counter[2] = c2;
  counter[3] = c3;
}

/** The high 32 bits of the product of two unsigned 32-bit numbers, as a signed number. */
function multiplyHigh(a: number, b: number): number {
  const a0 = a & 0xffff, a1 = a >>> 16, b0 = b & 0xffff, b1 = b >>> 16;
  const middle = a1 * b0 + ((a0 * b0) >>> 16);
  const carry = (a0 * b1) + (middle % 0x10000);
  return (a1 * b1 + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)) | 0;
}

const TWO_TO_32 = 2 ** 32;

/**
 * The random numbers of one sample: the same whatever batch, shard or run it is loaded in.
 *
 * The key is the seed. The counter is the sample's position in the epoch's global order, the epoch,
 * and the operator with its occurrence and the number of the draw: so an operator that is added or
 * taken away does not change what the others draw.
 */
export class SampleRandom {
  readonly #block = new Uint32Array(4);
  #used = 4;
  #seed0 = 0;
  #seed1 = 0;
  #position0 = 0;
  #position1 = 0;
  #epoch = 0;
  #stream = 0;
  #draws = 0;

  /**
   * Chooses the seed.
   *
   * @param seed From 0 to 2⁶⁴ - 1.
   */
  seed(seed: bigint): void {
    this.#seed0 = Number(seed & 0xffffffffn);
    this.#seed1 = Number((seed >> 32n) & 0xffffffffn);
  }

  /**
   * Chooses the sample.
   *
   * @param epoch Epoch, from 0.
   * @param position The sample's position in the epoch's global order.
   */
  sample(epoch: number, position: number): void {
    this.#epoch = epoch;
    this.#position0 = position >>> 0;
    this.#position1 = Math.floor(position / TWO_TO_32);
  }

  /**
   * Chooses the operator, and begins with its first draw.
   *
   * @param stream Number of the kind of operator, from 0 to 255.
   * @param occurrence How many operators of that kind come before it in the list, from 0 to 255.
   */
  operator(stream: number, occurrence: number): void {
    this.#stream = (stream << 24) | (occurrence << 16);
    this.#draws = 0;
    this.#used = 4;
  }

  /**
   * Draws a number.
   *
   * @returns Uniform in [0, 1), a multiple of 2⁻³².
   */
  uniform(): number {
    if (this.#used === 4) {
      const block = this.#block;
      block[0] = this.#position0;
      block[1] = this.#position1;
      block[2] = this.#epoch;
      block[3] = this.#stream | this.#draws++;
      philox(block, this.#seed0, this.#seed1);
      this.#used = 0;
    }
    return this.#block[this.#used++] / TWO_TO_32;
  }

  /**
   * Draws a number between two limits.
   *
   * @param low Least number.
   * @param high Upper limit.
   * @returns Uniform in [low, high).
   */
  between(low: number, high: number): number {
    return low + this.uniform() * (high - low);
  }

  /**
   * Draws a whole number.
   *
   * @param count How many numbers there are to choose from; below 2³².
   * @returns Uniform in 0 … count - 1.
   */
  below(count: number): number {
    return Math.floor(this.uniform() * count);
  }
}
