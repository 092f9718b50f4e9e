/** 2^32 divided by the golden ratio, an odd number whose multiples are spread evenly. */
const GOLDEN = 0x9e3779b9;

/**
 * Mixes 32 bits into 32 bits: the finaliser of MurmurHash3 (Appleby, public domain).
 *
 * @param value Any integer; its low 32 bits count.
 * @returns An integer from 0 to 2³² − 1; another one for each value.
 */
export function mix(value: number): number {
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}

/**
 * Makes keys of a seed and an epoch.
 *
 * @param seed Any safe integer; all of its 53 bits count.
 * @param epoch Number of the epoch, from 0.
 * @param count How many keys.
 * @returns The keys, 32 bits each.
 */
export function keySchedule(seed: number, epoch: number, count: number): Uint32Array {
  const high = Math.floor(seed / 2 ** 32);
  let state = mix(mix(mix(seed >>> 0) ^ (high >>> 0)) + Math.imul(epoch, GOLDEN));
  return Uint32Array.from({ length: count }, (_, round) => {
    state = mix(state + Math.imul(round + 1, GOLDEN));
    return state;
  });
}
