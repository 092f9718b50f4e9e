/** Families of JPEG files that multiply a structure, and the decoder as what is fuzzed with them. */
import { JpegDecoder } from "../../src/jpeg/decoder.ts";
import type { GpuImages } from "../../src/gpu/images.ts";
import { LimitsError } from "../../src/errors.ts";
import type { Family, Subject } from "../fuzz/family.ts";
import { countBuffers } from "../fuzz/memory.ts";
import * as hostile from "./hostile.ts";
import { join } from "./handmade.ts";
import { cjpeg, difference, djpeg, draw, random } from "./support.ts";

/** Most pixels of a mutant; djpeg is not asked for more. */
const MOST_PIXELS = 2 ** 22;
const SOF0 = 0xc0;
const SOF2 = 0xc2;

/** What was decoded, and what verify said. */
interface Decoded extends Disposable {
  readonly images: GpuImages;
  readonly errors: readonly (Error | undefined)[];
}

/** The decoder on a device. */
export async function jpegSubject(device: GPUDevice): Promise<Subject<Decoded>> {
  const neighbours = [
    await cjpeg(draw(60, 40, 9), "-sample", "2x2"),
    await cjpeg(draw(50, 70, 8), "-progressive"),
  ];
  return {
    neighbours,
    baseline: await cjpeg(draw(1000, 1000, 7), "-quality", "90", "-progressive"),
    pixels: pixelsOf,
    gpuPeak: countBuffers(device),
    async decode(files) {
      // With a pool of its own, so that no other call's buffers count.
      using decoder = new JpegDecoder(device, { maxPixels: MOST_PIXELS });
      const images = await decoder.decode(files);
      const errors = await images.verify();
      return { images, errors, [Symbol.dispose]: () => images[Symbol.dispose]() };
    },
    async judge({ images, errors }, index, file, neighbour) {
      const error = errors[index];
      if (error instanceof LimitsError && !neighbour) return { outcome: error.name };
      const expected = await djpeg(file);
      if (error) {
        const wrong = neighbour || expected.code === 0 ? error.message : undefined;
        return { outcome: error.name, wrong };
      }
      if (expected.code === 1) return { outcome: "picture", wrong: "djpeg refuses the file" };
      if (expected.code === 2) return { outcome: "warning" };
      const wrong = difference(await images.read(index), expected);
      return { outcome: "equal", wrong };
    },
  };
}

/** Pixels that the first frame header asks for, up to what is decoded. */
function pixelsOf(file: Uint8Array): number {
  for (let i = 0; i + 9 < file.length; i++) {
    if (file[i] !== 0xff || file[i + 1] < SOF0 || file[i + 1] > SOF2) continue;
    const pixels = (file[i + 5] << 8 | file[i + 6]) * (file[i + 7] << 8 | file[i + 8]);
    return pixels > MOST_PIXELS ? 0 : pixels;
  }
  return 0;
}

/** Numbers of one mutant. */
function dice(seed: number) {
  const next = random(seed);
  const below = (count: number) => Math.floor(next() * count);
  return {
    below,
    /** A number up to a most, of any magnitude. */
    many: (most: number) => Math.max(1, Math.floor(most ** next())),
    side: () => 1 + below(400),
  };
}

/** All families. */
export function jpegFamilies(good: Uint8Array): Family[] {
  const family = (
    name: string,
    make: (roll: ReturnType<typeof dice>) => { file: Uint8Array; what: string },
  ): Family => ({ name, make: (seed) => make(dice(seed)) });
  return [
    family("scans", ({ below, many, side }) => {
      const kind = below(3);
      const count = kind === 0 ? many(20_000) : many(600);
      const [width, height] = kind === 0 ? [8, 8] : [side(), side()];
      const file = kind === 1
        ? hostile.refinements(width, height, count)
        : hostile.sequentialScans(width, height, count);
      return { file, what: `${count} scans of ${width}×${height}` };
    }),
    family("tables", ({ many, side }) => {
      const count = many(2000);
      return { file: hostile.tables(side(), side(), count), what: `${count} tables` };
    }),
    family("segments", ({ side }) => {
      const [width, height] = [4 * side(), 4 * side()];
      return { file: hostile.restartEachBlock(width, height), what: `${width}×${height}` };
    }),
    family("markers", ({ below, many }) => {
      const kinds = [[0xff, 1], [0xff, 0xfe, 0, 2], [0xff, 0xe5, 0, 3, 1], [0xff, 0xfe, 0, 2, 7], [
        7,
      ]];
      const kind = kinds[below(kinds.length)];
      const count = many(200_000);
      return { file: hostile.withMarkers(good, kind, count), what: `${count} times ${kind}` };
    }),
    family("restart intervals", ({ below, many }) => {
      const count = many(60_000);
      const each = hostile.interval(below(3));
      return { file: hostile.withMarkers(good, each, count), what: `${count} intervals` };
    }),
    family("restart markers", ({ many }) => {
      const count = many(500_000);
      return { file: hostile.restarts(count), what: `${count} empty segments` };
    }),
    family("dimensions", ({ many, below }) => {
      const [width, height] = [many(65_500), many(65_500)];
      const code = below(2) ? SOF0 : SOF2;
      const data = hostile.scan(new Uint8Array(many(2000)), { last: code === SOF0 ? 63 : 0 });
      const header = hostile.frame(code, width, height);
      const { SOI, EOI, DQT, DHT } = hostile;
      return { file: join(SOI, DQT, header, DHT, data, EOI), what: `${width}×${height}` };
    }),
    family("components", ({ below, side }) => {
      const factors = Array.from(
        { length: 1 + below(5) },
        () => (1 + below(4)) << 4 | (1 + below(4)),
      );
      const [width, height] = [side(), side()];
      const blocks = hostile.blocksOf(width, height) * 16;
      const scans = factors.map((_, i) =>
        hostile.scan(hostile.zeros(blocks, 2), { component: i + 1 })
      );
      const { SOI, EOI, DQT, DHT } = hostile;
      const header = hostile.frame(SOF0, width, height, factors);
      return { file: join(SOI, DQT, header, DHT, ...scans, EOI), what: `factors ${factors}` };
    }),
  ];
}
