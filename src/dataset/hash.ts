const C1 = 0xcc9e2d51;
const C2 = 0x1b873593;

/**
 * Hashes bytes to a place from 0 to 1: MurmurHash3_x86_32 (Austin Appleby, public domain) with two
 * seeds, of which 53 bits are taken.
 *
 * @param bytes The bytes.
 * @param seed Any safe integer; another one gives other places.
 * @returns A number from 0 on, below 1, evenly spread.
 */
export function hashPlace(bytes: Uint8Array, seed: number): number {
  const low = seed >>> 0;
  const high = Math.floor(seed / 2 ** 32) >>> 0;
  const first = murmur3(bytes, low ^ Math.imul(high, C1));
  const second = murmur3(bytes, Math.imul(low, C2) ^ high ^ 0x9e3779b9);
  return (first * 2 ** 21 + (second >>> 11)) / 2 ** 53;
}

/**
 * MurmurHash3_x86_32.
 *
 * @param bytes The bytes.
 * @param seed 32 bits.
 * @returns 32 bits, unsigned.
 */
export function murmur3(bytes: Uint8Array, seed: number): number {
  let hash = seed | 0;
  const blocks = bytes.length & ~3;
  for (let i = 0; i < blocks; i += 4) {
    const k = bytes[i] | bytes[i + 1] << 8 | bytes[i + 2] << 16 | bytes[i + 3] << 24;
    hash ^= scramble(k);
    hash = hash << 13 | hash >>> 19;
    hash = Math.imul(hash, 5) + 0xe6546b64 | 0;
  }
  let tail = 0;
  for (let i = bytes.length - 1; i >= blocks; i--) tail = tail << 8 | bytes[i];
  if (bytes.length > blocks) hash ^= scramble(tail);
  hash ^= bytes.length;
  hash = Math.imul(hash ^ hash >>> 16, 0x85ebca6b);
  hash = Math.imul(hash ^ hash >>> 13, 0xc2b2ae35);
  return (hash ^ hash >>> 16) >>> 0;
}

function scramble(k: number): number {
  k = Math.imul(k, C1);
  return Math.imul(k << 15 | k >>> 17, C2);
}
