/** The chosen set: what every implementation computes, and what must come of it. */
import { assertEquals } from "@std/assert";
import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import { EVERY } from "../augment/every_operator.ts";
import { testPicture } from "../augment/run.ts";
import { oriented } from "../jpeg/handmade.ts";
import { cjpeg, difference, djpeg, draw, type Picture } from "../jpeg/support.ts";
import { turned } from "../jpeg/turned.ts";
import { compute, type DecodeCase, type Input, type Output } from "./engine.ts";

const SIZE = [83, 61] as const;
const SAMPLINGS = ["1x1", "2x1", "1x2", "2x2", "4x1"];
const ORIENTATIONS = [3, 6, 8];
/** So small that the pictures need strips. */
const BINDING = 24_000;
const REGION = { x: 16, y: 9, width: 40, height: 31 };
/** Most that an f32 element of 0–255 may be off, as for the operators' references. */
const TOLERANCE = 0.02;
/** Share of elements that may be off by more: thresholds and nearest neighbours may round either way. */
const SHARE = 0.005;

interface Expected {
  input: DecodeCase;
  /** What djpeg makes of the files. */
  pictures: Picture[];
}

async function decodeCases(): Promise<Expected[]> {
  const picture = draw(...SIZE);
  const grey = draw(...SIZE, 2, 1);
  const encode = (...args: string[]) => cjpeg(picture, ...args);
  const samplings = await Promise.all(SAMPLINGS.map((sampling) => encode("-sample", sampling)));
  const progressive = await encode("-progressive");
  const cases: Expected[] = [];
  const add = async (input: Omit<DecodeCase, "files">, files: Uint8Array[]) => {
    const pictures: Picture[] = await Promise.all(files.map((file) => djpeg(file)));
    cases.push({ input: { ...input, files: files.map(bytesToHex) }, pictures });
  };
  for (const entropy of ["segment", "sync"] as const) {
    await add({ name: "baseline of each sampling", entropy }, [...samplings, await cjpeg(grey)]);
    await add({ name: "progressive", entropy }, [progressive, await cjpeg(grey, "-progressive")]);
    await add({ name: "restart intervals", entropy }, [
      await encode("-restart", "1"),
      await encode("-restart", "3B"),
      await encode("-progressive", "-restart", "2B"),
    ]);
  }
  const mixed = [samplings[0], samplings[3], progressive];
  await add({ name: "strips", entropy: "segment", binding: BINDING }, mixed);
  await add({ name: "regions", entropy: "segment", region: REGION }, mixed);
  const orientation = ORIENTATIONS.map((value) => oriented(samplings[3], value));
  await add({ name: "orientations", entropy: "segment" }, orientation);
  const last = cases.at(-1)!;
  last.pictures = last.pictures.map((picture, i) => turned(picture, ORIENTATIONS[i]));
  return cases;
}

/** What is computed, and how it is judged. */
export interface Suite {
  input: Input;
  /**
   * Fails where an implementation is not equal to djpeg, or beyond the tolerance of an operator.
   *
   * @returns One line that tells what it computed.
   */
  judge(output: Output): string;
}

/** Makes the set. Operators are compared with this implementation, whose tests have references. */
export async function makeSuite(): Promise<Suite> {
  const cases = await decodeCases();
  const { width, height, data } = testPicture(60, 45);
  const input: Input = {
    decode: cases.map(({ input }) => input),
    augment: EVERY.map((operator) => ({ name: operator.name, operators: [operator] })),
    picture: { width, height, data: bytesToHex(Uint8Array.from(data)) },
  };
  const own = await compute({ ...input, decode: [] }, navigator.gpu);
  return { input, judge: (output) => judge(cases, input, own, output) };
}

function judge(cases: Expected[], input: Input, own: Output, output: Output): string {
  assertEquals(output.uncaptured, []);
  const wrong: string[] = [];
  let files = 0;
  cases.forEach(({ input: { name, entropy, region }, pictures }, i) => {
    pictures.forEach((picture, k) => {
      files++;
      const { error, data, ...found } = output.decoded[i][k];
      const bytes = hexToBytes(data);
      const expected = region ? cut(picture, region) : picture;
      const actual = region && !error ? cut({ ...found, data: bytes }, region) : {
        ...found,
        data: bytes,
      };
      const off = error ?? difference(actual as never, expected);
      if (off !== undefined) wrong.push(`${name}, ${entropy}, file ${k}: ${off}`);
    });
  });
  let worst = 0;
  input.augment.forEach(({ name }, i) => {
    const [found, expected] = [output.augmented[i], own.augmented[i]];
    const size = `${found.width}×${found.height}`;
    if (found.error !== undefined || size !== `${expected.width}×${expected.height}`) {
      wrong.push(`${name}: ${found.error ?? size}`);
      return;
    }
    const [a, b] = [found, expected].map(({ data }) =>
      new Float32Array(hexToBytes(data).slice().buffer)
    );
    let beyond = 0;
    a.forEach((value, at) => {
      const off = Math.abs(value - b[at]);
      if (off > TOLERANCE || Number.isNaN(off)) beyond++;
      else worst = Math.max(worst, off);
    });
    if (beyond > SHARE * a.length) wrong.push(`${name}: ${beyond} of ${a.length} elements are off`);
  });
  assertEquals(wrong, [], output.adapter);
  return `${output.adapter}: ${files} files equal to djpeg, ` +
    `${input.augment.length} operators within ${TOLERANCE} (worst ${worst.toPrecision(2)})`;
}

/** The pixels of a region of a whole picture. */
function cut(
  { width, channels, data }: Pick<Picture, "width" | "channels" | "data">,
  region: { x: number; y: number; width: number; height: number },
): Picture {
  const cut = new Uint8Array(region.width * region.height * channels);
  for (let row = 0; row < region.height; row++) {
    const from = ((region.y + row) * width + region.x) * channels;
    cut.set(
      data.subarray(from, from + region.width * channels),
      row * region.width * channels,
    );
  }
  return { width: region.width, height: region.height, channels, data: cut };
}
