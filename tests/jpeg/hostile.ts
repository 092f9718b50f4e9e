/** JPEG files that multiply a structure, written by hand: small ones that ask for much. */
import { join, segment } from "./handmade.ts";

const DC = 0;
const AC = 0x10;
/** The DC tables have one code, of one bit: no difference. The AC tables end a block by one bit. */
const ONE_CODE = [1, ...new Array(15).fill(0), 0];

/** A quantisation table of ones. */
export const DQT: Uint8Array = segment(0xdb, [0, ...new Array(64).fill(1)]);
/** The tables that all scans here use. */
export const DHT: Uint8Array = segment(0xc4, [DC, ...ONE_CODE, AC, ...ONE_CODE]);
export const SOI: readonly number[] = [0xff, 0xd8];
export const EOI: readonly number[] = [0xff, 0xd9];

/** A frame header; its components have all table 0. */
export function frame(
  code: number,
  width: number,
  height: number,
  factors: readonly number[] = [0x11],
): Uint8Array {
  const size = [height >> 8, height & 255, width >> 8, width & 255];
  const components = factors.flatMap((factor, i) => [i + 1, factor, 0]);
  return segment(code, [8, ...size, factors.length, ...components]);
}

/** A restart interval. */
export function interval(mcus: number): Uint8Array {
  return segment(0xdd, [mcus >> 8, mcus & 255]);
}

/** A scan of one component, of all coefficients unless told otherwise, and its data. */
export function scan(
  data: ArrayLike<number>,
  { component = 1, first = 0, last = 63, bits = 0 }: {
    component?: number;
    first?: number;
    last?: number;
    bits?: number;
  } = {},
): Uint8Array {
  return join(segment(0xda, [1, component, 0, first, last, bits]), data);
}

/** Data of blocks of which each takes some bits that are zero. */
export function zeros(blocks: number, bits: number): Uint8Array {
  return new Uint8Array(Math.ceil(blocks * bits / 8));
}

/** Blocks of a grey picture. */
export function blocksOf(width: number, height: number): number {
  return Math.ceil(width / 8) * Math.ceil(height / 8);
}

/** A grey sequential picture of which each block is a restart segment of one byte. */
export function restartEachBlock(width: number, height: number): Uint8Array {
  const blocks = blocksOf(width, height);
  const data = new Uint8Array(3 * blocks - 2);
  for (let i = 0; i < blocks; i++) {
    data[3 * i] = 0x3f;
    if (i + 1 === blocks) break;
    data[3 * i + 1] = 0xff;
    data[3 * i + 2] = 0xd0 + i % 8;
  }
  return join(SOI, DQT, frame(0xc0, width, height), DHT, interval(1), scan(data), EOI);
}

/** A grey sequential picture that is coded over and over. */
export function sequentialScans(width: number, height: number, count: number): Uint8Array {
  const again = scan(zeros(blocksOf(width, height), 2));
  return join(
    SOI,
    DQT,
    frame(0xc0, width, height, [0x11, 0x11, 0x11]),
    DHT,
    repeated(again, count),
    EOI,
  );
}

/** A DHT segment whose table is as large as one can be on the GPU: 256 codes of 10 bits, or fewer. */
export function widestTable(seed = 0): Uint8Array {
  const counts = [1, 0, 0, 0, 0, 0, 0, 0, 0, 255, 0, 0, 0, 0, 0, 0];
  const symbols = Array.from({ length: 256 }, (_, i) => i === 0 ? 0 : (i + seed) % 255 + 1);
  return segment(0xc4, [AC, ...counts, ...symbols]);
}

/** A grey picture of several sequential scans, each with a table of its own. */
export function tables(width: number, height: number, count: number): Uint8Array {
  const data = scan(zeros(blocksOf(width, height), 2));
  const parts: Uint8Array[] = [];
  for (let i = 0; i < count; i++) parts.push(widestTable(i), data);
  const header = frame(0xc0, width, height, [0x11, 0x11, 0x11]);
  return join(SOI, DQT, header, DHT, ...parts, EOI);
}

/** A grey progressive picture with scans that refine AC, of which one symbol ends many blocks. */
export function refinements(width: number, height: number, count: number): Uint8Array {
  const blocks = blocksOf(width, height);
  // A run of ended blocks: its code, then 14 bits of its length beyond 2^14.
  const run = 1 << 14;
  const runs = Math.ceil(blocks / run);
  const data = zeros(runs, 15);
  const table = segment(0xc4, [AC, 1, ...new Array(15).fill(0), 0xe0]);
  const first = scan(data, { first: 1, bits: 1 });
  const again = scan(data, { first: 1, bits: 0x10 });
  return join(
    SOI,
    DQT,
    frame(0xc2, width, height),
    DHT,
    scan(zeros(blocks, 1), { last: 0 }),
    table,
    first,
    repeated(again, count),
    EOI,
  );
}

/** The same bytes again and again. */
function repeated(bytes: ArrayLike<number>, count: number): Uint8Array {
  const all = new Uint8Array(bytes.length * count);
  for (let i = 0; i < count; i++) all.set(bytes, i * bytes.length);
  return all;
}

/** A good file with marker segments inserted after SOI. */
export function withMarkers(
  file: Uint8Array,
  marker: ArrayLike<number>,
  count: number,
): Uint8Array {
  return join(SOI, repeated(marker, count), file.subarray(2));
}

/** A scan of nothing but restart markers, whose segments are empty. */
export function restarts(count: number): Uint8Array {
  const data = new Uint8Array(2 * count).fill(0xff);
  for (let i = 0; i < count; i++) data[2 * i + 1] = 0xd0 + i % 8;
  return join(SOI, DQT, frame(0xc0, 8, 8), DHT, scan(data), EOI);
}
