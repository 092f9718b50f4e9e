/** Sampling factors of the first component, one pair per kind of picture; 0 for a grey one. */
const FACTORS = [0, 0x11, 0x21, 0x12, 0x22, 0x41];
const EDGE = 16;
const BLOCK = 8;
/** A DC difference of 0 and an end of block, in the standard luminance tables. */
const EMPTY_BLOCK = "001010";

/**
 * Writes small grey-looking pictures that run every kernel once.
 *
 * @returns JPEG files of 16×16 pixels, one per kind.
 */
export function warmUpFiles(): Uint8Array<ArrayBuffer>[] {
  return FACTORS.map(warmUpFile);
}

function warmUpFile(factors: number): Uint8Array<ArrayBuffer> {
  const h = factors >> 4 || 1;
  const v = factors & 15 || 1;
  const count = factors === 0 ? 1 : 3;
  const mcus = Math.ceil(EDGE / (BLOCK * h)) * Math.ceil(EDGE / (BLOCK * v));
  const bits = EMPTY_BLOCK.repeat(mcus * (h * v + count - 1));
  const data = (bits + "1".repeat(7)).slice(0, Math.ceil(bits.length / 8) * 8);
  const components = Array.from({ length: count }, (_, i) => i);
  return Uint8Array.from([
    ...[0xff, 0xd8, 0xff, 0xdb, 0, 67, 0],
    ...new Array(64).fill(1),
    ...[0xff, 0xc0, 0, 8 + 3 * count, 8, 0, EDGE, 0, EDGE, count],
    ...components.flatMap((i) => [i + 1, i === 0 && factors > 0 ? factors : 0x11, 0]),
    ...[0xff, 0xda, 0, 6 + 2 * count, count],
    ...components.flatMap((i) => [i + 1, 0]),
    ...[0, 63, 0],
    ...data.match(/.{8}/g)!.map((byte) => parseInt(byte, 2)),
    ...[0xff, 0xd9],
  ]);
}
