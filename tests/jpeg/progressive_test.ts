import { assert, assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import { CorruptJpegError } from "../../src/errors.ts";
import { JpegDecoder } from "../../src/jpeg/decoder.ts";
import { scanWaves } from "../../src/jpeg/progressive_waves.ts";
import type { JpegScan } from "../../src/jpeg/frame.ts";
import {
  assertDecodes,
  cjpeg,
  difference,
  djpeg,
  draw,
  findMarker,
  openDevice,
  tool,
} from "./support.ts";

const SIZES = [[1, 1], [3, 2], [8, 8], [9, 17], [16, 31], [17, 33], [33, 40], [50, 37], [97, 65]];
const SAMPLINGS = [
  "1x1,1x1,1x1",
  "2x1,1x1,1x1",
  "1x2,1x1,1x1",
  "2x2,1x1,1x1",
  "4x1,1x1,1x1",
  "2x2,2x1,1x2",
  "1x1,2x2,1x1",
];

/** Complete scan scripts, as `cjpeg -scans` takes them; the last one is for grey. */
const SCRIPTS: Record<string, string> = {
  "spectral selection only": "0,1,2: 0-0, 0, 0;\n0: 1-5, 0, 0;\n2: 1-63, 0, 0;\n1: 1-63, 0, 0;\n" +
    "0: 6-63, 0, 0;",
  "bands of one coefficient": "0: 0-0, 0, 0;\n1,2: 0-0, 0, 0;\n" +
    Array.from({ length: 9 }, (_, k) => `0: ${k + 1}-${k + 1}, 0, 0;`).join("\n") +
    "\n0: 10-63, 0, 0;\n1: 1-63, 0, 0;\n2: 1-63, 0, 0;",
  "many refinements": "0,1,2: 0-0, 0, 3;\n0,1,2: 0-0, 3, 2;\n0: 1-63, 0, 4;\n1: 1-63, 0, 2;\n" +
    "2: 1-63, 0, 2;\n0: 1-20, 4, 3;\n0: 21-63, 4, 3;\n0: 1-63, 3, 2;\n0,1,2: 0-0, 2, 1;\n" +
    "1: 1-63, 2, 1;\n2: 1-63, 2, 1;\n0: 1-63, 2, 1;\n0: 1-63, 1, 0;\n1: 1-63, 1, 0;\n" +
    "2: 1-63, 1, 0;\n0,1,2: 0-0, 1, 0;",
  "AC of one component after all others": "0,1,2: 0-0, 0, 0;\n1: 1-63, 0, 1;\n2: 1-63, 0, 1;\n" +
    "1: 1-63, 1, 0;\n2: 1-63, 1, 0;\n0: 1-63, 0, 1;\n0: 1-63, 1, 0;",
};

/** Writes a scan script for the time of a call. */
async function withScript<T>(script: string, use: (path: string) => Promise<T>): Promise<T> {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, script);
    return await use(path);
  } finally {
    await Deno.remove(path);
  }
}

for (const sampling of SAMPLINGS) {
  Deno.test(`progressive files of sampling ${sampling} equal djpeg's`, async () => {
    const files: Uint8Array[] = [];
    const names: string[] = [];
    for (const [i, [width, height]] of SIZES.entries()) {
      const args = ["-progressive", "-sample", sampling, "-quality", `${[30, 75, 95, 100][i % 4]}`];
      if (i % 3 === 1) args.push("-restart", i % 2 ? "1" : "3B");
      files.push(await cjpeg(draw(width, height, i + 1), ...args));
      names.push(`${width}×${height} ${args.join(" ")}`);
    }
    await assertDecodes(files, names);
  });
}

Deno.test("progressive grey and RGB files equal djpeg's", async () => {
  const files: Uint8Array[] = [];
  const names: string[] = [];
  for (const [i, [width, height]] of SIZES.entries()) {
    const grey = i % 2 === 0;
    const args = ["-progressive", grey ? "-grayscale" : "-rgb", "-quality", "90"];
    if (i % 3 === 0) args.push("-restart", "5B");
    files.push(await cjpeg(draw(width, height, i + 1), ...args));
    names.push(`${width}×${height} ${args.join(" ")}`);
  }
  await assertDecodes(files, names);
});

Deno.test("progressive files of any complete scan script equal djpeg's", async () => {
  const files: Uint8Array[] = [];
  const names: string[] = [];
  for (const [name, script] of Object.entries(SCRIPTS)) {
    await withScript(script, async (path) => {
      for (const more of [[], ["-restart", "2B"], ["-restart", "1"]]) {
        for (const sampling of ["2x2", "1x1", "2x1"]) {
          const args = ["-scans", path, "-sample", sampling, "-quality", "92", ...more];
          files.push(await cjpeg(draw(75, 58, files.length), ...args));
          names.push(`${name} ${sampling} ${more.join(" ")}`);
        }
      }
    });
  }
  await assertDecodes(files, names);
});

Deno.test("sequential files turned progressive by jpegtran equal djpeg's", async () => {
  const files: Uint8Array[] = [];
  for (const args of [[], ["-restart", "4B"], ["-grayscale"], ["-rotate", "90"]]) {
    const file = await cjpeg(draw(130, 94, 7), "-quality", "98", "-sample", "1x2");
    const { code, stdout } = await tool("jpegtran", ["-progressive", ...args], file);
    assertEquals(code, 0);
    files.push(stdout);
  }
  await assertDecodes(files, files.map((_, i) => `jpegtran ${i}`));
});

Deno.test("a large progressive picture takes several dispatches a wave", async () => {
  const file = await cjpeg(draw(640, 480, 3, 3, 200), "-progressive", "-quality", "97");
  await assertDecodes([file, await cjpeg(draw(20, 20)), file], ["first", "sequential", "second"]);
});

Deno.test("scans wait only for scans of their own components", () => {
  const scan = (...components: number[]) => ({ components }) as unknown as JpegScan;
  assertEquals(scanWaves([scan(0, 1, 2), scan(0), scan(2), scan(1), scan(0)]), [0, 1, 1, 1, 2]);
  assertEquals(scanWaves([scan(0), scan(0, 1), scan(1), scan(2)]), [0, 1, 2, 0]);
});

/** Changes the parameters of a scan: its first and last coefficient and its bits. */
function withBand(file: Uint8Array, scan: number, band: number[]): Uint8Array {
  const copy = file.slice();
  let at = -1;
  for (let n = 0, from = 0; n <= scan; n++, from = at + 1) {
    at = copy.findIndex((byte, i) => i >= from && byte === 0xff && copy[i + 1] === 0xda);
  }
  copy.set(band, at + 5 + 2 * copy[at + 4]);
  return copy;
}

Deno.test("scan parameters that cannot be are CorruptJpegError, as djpeg refuses them", async () => {
  const file = await cjpeg(draw(40, 30, 3), "-progressive");
  const bands = [[0, 5, 0], [0, 0, 0x0e], [0, 0, 0x31], [5, 1, 0], [1, 64, 0]];
  const files = bands.map((band, i) => withBand(file, i < 3 ? 0 : 1, band));
  files.push(withBand(file, 0, [1, 5, 0]));
  await using test = await openDevice();
  using decoder = new JpegDecoder(test.device);
  using images = await decoder.decode([...files, file]);
  for (const [i, bad] of files.entries()) {
    assertEquals((await djpeg(bad)).code, 1, `${i}`);
    assertInstanceOf(images.errors[i], CorruptJpegError);
    assertMatch(images.errors[i]!.message, /progressive scan must .* received/);
  }
  assertEquals(difference(await images.read(files.length), await djpeg(file)), undefined);
});

Deno.test("scans in a wrong order are a picture with a warning, as djpeg warns of them", async () => {
  const file = await cjpeg(draw(40, 30, 3), "-progressive");
  // The last scan refines Y from bit 1 to 0.
  const swapped = withBand(file, 9, [1, 63, 0x32]);
  await using test = await openDevice();
  using decoder = new JpegDecoder(test.device);
  const early = await withScript(
    "0,1,2: 0-0, 0, 0;\n0: 1-63, 0, 0;\n1: 1-63, 0, 0;\n2: 1-63, 0, 0;",
    (path) => cjpeg(draw(16, 16, 1), "-scans", path),
  );
  using images = await decoder.decode([swapped, early]);
  assertEquals((await djpeg(swapped)).code, 2);
  assertMatch(images.warnings[0][0], /must code each bit of coefficient 1 .*received bits from 3/);
  assertEquals(images.warnings[1], []);
});

Deno.test("a truncated progressive file is CorruptJpegError, and its neighbours stay whole", async () => {
  const file = await cjpeg(draw(90, 70, 3), "-progressive", "-quality", "90");
  const good = await djpeg(file);
  const start = findMarker(file, 0xda);
  const cuts = Array.from(
    { length: 12 },
    (_, i) => file.subarray(0, start + 20 + Math.floor((file.length - start - 30) * i / 12)),
  );
  await using test = await openDevice();
  using decoder = new JpegDecoder(test.device);
  using images = await decoder.decode([...cuts.flatMap((cut) => [cut, file])]);
  const errors = await images.verify();
  for (let i = 0; i < errors.length; i += 2) {
    assert(errors[i] instanceof CorruptJpegError || images.warnings[i].length > 0, `cut ${i / 2}`);
    assertEquals(difference(await images.read(i + 1), good), undefined);
  }
});
