import { assert, assertEquals } from "@std/assert";
import { JpegDecoder } from "../../src/jpeg/decoder.ts";
import { assertSame, cjpeg, draw, openDevice, tool } from "./support.ts";

const SAMPLINGS = [
  "1x1,1x1,1x1",
  "2x1,1x1,1x1",
  "1x2,1x1,1x1",
  "2x2,1x1,1x1",
  "4x1,1x1,1x1",
  "4x2,1x1,1x1",
  "1x4,1x1,1x1",
  "2x2,2x1,1x2",
  "1x1,2x2,1x1",
  "3x1,1x1,1x1",
];
const MODES = [[], ["-optimize"], ["-progressive"]];
const RESTARTS = [[], ["-restart", "1"], ["-restart", "3B"]];
const QUALITIES = [5, 50, 75, 92, 100];
const EDGES = [1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 48, 65];
const TRANSFORMS = [
  ["-rotate", "90"],
  ["-transpose"],
  ["-flip", "horizontal", "-progressive"],
  ["-crop", "24x20+16+16", "-progressive"],
  ["-grayscale"],
  ["-restart", "2"],
];

interface Made {
  name: string;
  file: Uint8Array;
}

/** Colour files of all samplings, modes and restart intervals, at four sizes each. */
async function* colours(): AsyncGenerator<Made> {
  let n = 0;
  for (const sampling of SAMPLINGS) {
    for (const mode of MODES) {
      for (const restart of RESTARTS) {
        for (let i = 0; i < 4; i++, n++) {
          const args = ["-sample", sampling, ...mode, ...restart];
          yield await make(n, 3, args);
        }
      }
    }
  }
}

/** Grey and RGB files. */
async function* plain(): AsyncGenerator<Made> {
  let n = 1000;
  for (const kind of ["-grayscale", "-rgb"]) {
    for (const mode of MODES) {
      for (const restart of RESTARTS) {
        for (let i = 0; i < 6; i++, n++) {
          yield await make(n, kind === "-rgb" ? 3 : 1 + 2 * (i & 1), [kind, ...mode, ...restart]);
        }
      }
    }
  }
}

/** What jpegtran makes of files. */
async function* transformed(): AsyncGenerator<Made> {
  let n = 2000;
  for (const sampling of SAMPLINGS) {
    const quality = QUALITIES[n % QUALITIES.length];
    const file = await cjpeg(draw(77, 58, n++), "-sample", sampling, "-quality", `${quality}`);
    for (const args of TRANSFORMS) {
      // jpegtran takes grey only from a luma component of full size.
      if (args[0] === "-grayscale" && sampling.startsWith("1x1,2x2")) continue;
      const { code, stdout, stderr } = await tool("jpegtran", args, file);
      assertEquals(code, 0, stderr);
      yield { name: `jpegtran ${args.join(" ")} ${sampling}`, file: stdout };
    }
  }
}

async function make(n: number, channels: number, args: string[]): Promise<Made> {
  const width = EDGES[n * 5 % EDGES.length];
  const height = EDGES[(n * 7 + 3) % EDGES.length];
  const all = [...args, "-quality", `${QUALITIES[n % QUALITIES.length]}`];
  const file = await cjpeg(draw(width, height, n, channels), ...all);
  return { name: `${width}×${height} ${all.join(" ")}`, file };
}

Deno.test("the matrix of cjpeg's and jpegtran's files equals djpeg's on both entropy paths", async () => {
  const made: Made[] = [];
  for (const source of [colours, plain, transformed]) {
    for await (const one of source()) made.push(one);
  }
  assert(made.length >= 500, `${made.length} files`);
  const files = made.map(({ file }) => file);
  const names = made.map(({ name }) => name);
  await using test = await openDevice();
  for (const entropy of ["segment", "sync"] as const) {
    using decoder = new JpegDecoder(test.device, { entropy });
    using images = await decoder.decode(files);
    await assertSame(images, files, names);
    assertEquals(images.warnings.flat(), []);
    console.log(`${files.length} files of the matrix equal djpeg's by ${entropy}`);
  }
});
