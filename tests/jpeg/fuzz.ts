/** Decodes mutated files among good neighbours and compares each outcome with djpeg's. */
import { LimitsError } from "../../src/errors.ts";
import { readBuffer } from "../../src/gpu/tensor.ts";
import type { GpuImages } from "../../src/gpu/images.ts";
import { JpegDecoder } from "../../src/jpeg/decoder.ts";
import type { EntropyPath } from "../../src/jpeg/options.ts";
import { adobe, fromGrey } from "./handmade.ts";
import { mutate } from "./mutate.ts";
import {
  cjpeg,
  difference,
  djpeg,
  draw,
  limitBinding,
  openDevice,
  type Picture,
} from "./support.ts";

/** Mutated files of a batch, and good ones among them. */
export const BATCH = { mutants: 28, neighbours: 4 };
/** Runs of djpeg at once. */
const AT_ONCE = 4;
/** Most pixels of a mutant: djpeg would take gigabytes for a header of 65500×65500. */
const MOST_PIXELS = 2 ** 22;

/** What came of the files, by what djpeg said. */
export interface FuzzOutcome {
  files: number;
  /** djpeg had no complaint, and the pictures are equal. */
  equal: number;
  /** Of those, pictures with a warning of ours. */
  equalWithWarning: number;
  /** djpeg warned: a picture with a warning, or an error. */
  warning: number;
  warningAsError: number;
  /** djpeg refused the file, and so did the decoder. */
  error: number;
  /** Headers of more pixels than the decoder was told to take; not given to djpeg. */
  limit: number;
  /** Good files beside them, all equal. */
  neighbours: number;
  /** All else: seed, mutations and what is wrong. */
  wrong: string[];
}

/** Small files of all kinds. */
async function fuzzCorpus(): Promise<Uint8Array[]> {
  const files: Uint8Array[] = [];
  const kinds: string[][] = [
    ["-sample", "2x2"],
    ["-sample", "1x1", "-restart", "2B"],
    ["-sample", "2x1", "-optimize"],
    ["-grayscale", "-restart", "1"],
    ["-rgb"],
    ["-sample", "4x1,1x1,2x1"],
    ["-progressive", "-sample", "2x2"],
    ["-progressive", "-sample", "1x1", "-restart", "3B"],
    ["-progressive", "-grayscale"],
  ];
  for (const [i, args] of kinds.entries()) {
    files.push(await cjpeg(draw(40 + 3 * i, 29 + i, i + 1), "-quality", "80", ...args));
    files.push(await cjpeg(draw(120, 70 + i, i + 50), "-quality", "93", ...args));
  }
  const scans = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(scans, "0,1;\n2;\n");
    files.push(await cjpeg(draw(45, 33, 91), "-scans", scans, "-sample", "2x1"));
  } finally {
    await Deno.remove(scans);
  }
  for (const more of [[], ["-progressive"]]) {
    const grey = (seed: number) => cjpeg(draw(37, 30, seed, 1), "-grayscale", ...more);
    const parts = [];
    for (let c = 0; c < 4; c++) parts.push({ h: 1, v: 1, file: await grey(c) });
    files.push(fromGrey(37, 30, parts, [adobe(2)]));
    files.push(fromGrey(37, 30, parts.slice(0, 3)));
  }
  return files;
}

/**
 * Fuzzes the decoder.
 *
 * @param count Mutants.
 * @param seed The first one's.
 * @param options Which entropy path, bytes that a binding seems to have at most (pictures beyond it are
 * decoded strip by strip), how many files of each sort are decoded in one call, and who is told of
 * progress.
 */
export async function fuzz(
  count: number,
  seed: number,
  { entropy = "auto", binding, batch = BATCH, progress }: {
    entropy?: EntropyPath;
    binding?: number;
    batch?: { mutants: number; neighbours: number };
    progress?: (outcome: FuzzOutcome) => void;
  } = {},
): Promise<FuzzOutcome> {
  const corpus = await fuzzCorpus();
  const pictures = await inTurn(corpus, (file) => djpeg(file));
  const outcome: FuzzOutcome = {
    files: 0,
    equal: 0,
    equalWithWarning: 0,
    warning: 0,
    warningAsError: 0,
    error: 0,
    limit: 0,
    neighbours: 0,
    wrong: [],
  };
  await using test = await openDevice();
  if (binding !== undefined) limitBinding(test.device, binding);
  using decoder = new JpegDecoder(test.device, { maxPixels: MOST_PIXELS, entropy });
  for (let first = 0; first < count; first += batch.mutants) {
    const mutants = Array.from(
      { length: Math.min(batch.mutants, count - first) },
      (_, i) => ({ seed: seed + first + i, ...mutate(corpus, seed + first + i) }),
    );
    const neighbours = Array.from(
      { length: batch.neighbours },
      (_, i) => (first / batch.mutants + i * 7) % corpus.length,
    );
    const blobs = mutants.map(({ file }) => file);
    const stride = (mutants.length + batch.neighbours) / batch.neighbours;
    const spread = neighbours.map((place, i) => ({ place, at: Math.floor((i + 0.5) * stride) }));
    for (const { place, at } of spread) blobs.splice(at, 0, corpus[place]);
    using images = await decoder.decode(blobs);
    const [errors, pixels] = await Promise.all([images.verify(), readAll(images)]);
    const asked = mutants.filter(({ file }) =>
      !(errors[blobs.indexOf(file)] instanceof LimitsError)
    );
    const expected = new Map(
      (await inTurn(asked, ({ file }) => djpeg(file))).map((picture, i) => [asked[i], picture]),
    );
    for (const mutant of mutants) {
      const place = blobs.indexOf(mutant.file);
      const found = judge(images, place, errors[place], pixels, expected.get(mutant), outcome);
      if (found) outcome.wrong.push(`seed ${mutant.seed} (${mutant.names.join(", ")}): ${found}`);
    }
    for (const { place, at } of spread) {
      const found = errors[at]?.message ?? compare(images, at, pixels, pictures[place]);
      if (found) outcome.wrong.push(`a neighbour of seed ${seed + first} on: ${found}`);
      else outcome.neighbours++;
    }
    outcome.files += mutants.length;
    progress?.(outcome);
  }
  return outcome;
}

/** Counts one outcome; says what is wrong with it. */
function judge(
  images: GpuImages,
  place: number,
  error: Error | undefined,
  pixels: Uint8Array,
  expected: (Picture & { code: number; stderr: string }) | undefined,
  outcome: FuzzOutcome,
): string | undefined {
  const warnings = images.warnings[place];
  if (!expected) {
    outcome.limit++;
    return undefined;
  }
  const { code, stderr } = expected;
  const said = `djpeg ends with ${code} (${stderr.trim().split("\n")[0]})`;
  if (code === 0) {
    if (error) return `${said}, but: ${error.message}`;
    const found = compare(images, place, pixels, expected);
    if (found) return `${said}, but the picture ${found}`;
    outcome.equal++;
    if (warnings.length > 0) outcome.equalWithWarning++;
  } else if (code === 2) {
    if (error) outcome.warningAsError++;
    else if (warnings.length > 0) outcome.warning++;
    else return `${said}, but there is no warning`;
  } else {
    if (!error) return `${said}, but there is a picture`;
    outcome.error++;
  }
  return undefined;
}

async function readAll(images: GpuImages): Promise<Uint8Array> {
  if (!images.images.some((image) => image)) return new Uint8Array(0);
  return new Uint8Array(await readBuffer(images.device, images.buffer));
}

function compare(
  { images }: GpuImages,
  place: number,
  pixels: Uint8Array,
  expected: Picture,
): string | undefined {
  const { byteOffset, width, height, rowPitch, channels } = images[place]!;
  const data = new Uint8Array(width * height * channels);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) data[to++] = pixels[byteOffset + y * rowPitch + x * 4 + c];
    }
  }
  return difference({ width, height, channels, data }, expected);
}

/** Applies a function to a list, a few at once, in order. */
async function inTurn<T, R>(list: readonly T[], use: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = new Array(list.length);
  let next = 0;
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (next < list.length) {
      const place = next++;
      results[place] = await use(list[place]);
    }
  }));
  return results;
}
