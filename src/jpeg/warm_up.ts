/** Sampling factors of the first component, one pair per kind of picture; 0 for a grey one. */
const FACTORS = [0, 0x11, 0x21, 0x12, 0x22, 0x41];
const EDGE = 16;
const BLOCK = 8;
const GREY_BLOCKS = (EDGE / BLOCK) ** 2;
/** A DC difference of 0 and an end of block, in the standard luminance tables. */
const DC_ZERO = "00";
const END_OF_BLOCK = "1010";
const SOF = { sequential: 0xc0, progressive: 0xc2 };
/** A turn by 180°; the kernels that turn pictures are the same for all. */
const TURNED = 3;

/**
 * Writes small grey-looking pictures: one for each way of making pixels.
 *
 * @returns JPEG files of 16×16 pixels, one per kind of picture.
 */
export function warmUpFiles(): Uint8Array<ArrayBuffer>[] {
  return FACTORS.map((factors) => sequential(factors));
}

/**
 * Writes the same pictures with an orientation.
 *
 * @returns JPEG files, one per kind of picture.
 */
export function turnedWarmUpFiles(): Uint8Array<ArrayBuffer>[] {
  return FACTORS.map((factors) => sequential(factors, exif(TURNED)));
}

/**
 * Writes small grey pictures of several scans: of all kinds, and without those that refine, so that
 * the picture is smoothed.
 *
 * @returns JPEG files of 16×16 pixels.
 */
export function progressiveWarmUpFiles(): Uint8Array<ArrayBuffer>[] {
  const zeros = "0".repeat(GREY_BLOCKS);
  const dc = scan([1], 0, 0, 0x01, zeros);
  const ac = scan([1], 1, 63, 0x01, zeros);
  const dcRefined = scan([1], 0, 0, 0x10, zeros);
  const acRefined = scan([1], 1, 63, 0x10, zeros);
  const start = [...frame(SOF.progressive, 0), ...shortTable(0), ...shortTable(0x10)];
  return [file([start, dc, ac, dcRefined, acRefined]), file([start, dc])];
}

function sequential(factors: number, first: readonly number[] = []): Uint8Array<ArrayBuffer> {
  const h = factors >> 4 || 1;
  const v = factors & 15 || 1;
  const count = factors === 0 ? 1 : 3;
  const mcus = Math.ceil(EDGE / (BLOCK * h)) * Math.ceil(EDGE / (BLOCK * v));
  const bits = (DC_ZERO + END_OF_BLOCK).repeat(mcus * (h * v + count - 1));
  const components = Array.from({ length: count }, (_, i) => i + 1);
  return file([first, frame(SOF.sequential, factors), scan(components, 0, 63, 0, bits)]);
}

function file(parts: readonly (readonly number[])[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([0xff, 0xd8, ...parts.flat(), 0xff, 0xd9]);
}

/** A table of divisors, and the header of a frame. */
function frame(kind: number, factors: number): number[] {
  const components = factors === 0 ? [0x11] : [factors, 0x11, 0x11];
  return [
    ...[0xff, 0xdb, 0, 67, 0],
    ...new Array(64).fill(1),
    ...[0xff, kind, 0, 8 + 3 * components.length, 8, 0, EDGE, 0, EDGE, components.length],
    ...components.flatMap((own, i) => [i + 1, own, 0]),
  ];
}

function scan(
  components: readonly number[],
  from: number,
  to: number,
  bitPositions: number,
  bits: string,
): number[] {
  const whole = (bits + "1".repeat(7)).slice(0, Math.ceil(bits.length / 8) * 8);
  return [
    ...[0xff, 0xda, 0, 6 + 2 * components.length, components.length],
    ...components.flatMap((component) => [component, 0]),
    ...[from, to, bitPositions],
    ...whole.match(/.{8}/g)!.map((byte) => parseInt(byte, 2)),
  ];
}

/** A Huffman table whose one code, 0, is a difference of 0, or the end of a block. */
function shortTable(kind: number): number[] {
  return [0xff, 0xc4, 0, 20, kind, 1, ...new Array(15).fill(0), 0];
}

/** An EXIF segment with an orientation. */
function exif(orientation: number): number[] {
  const tiff = [0x4d, 0x4d, 0, 42, 0, 0, 0, 8];
  const entry = [1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0];
  const payload = [0x45, 0x78, 0x69, 0x66, 0, 0, ...tiff, 0, 1, ...entry, 0, 0, 0, 0];
  return [0xff, 0xe1, 0, 2 + payload.length, ...payload];
}
