import { assertEquals, assertMatch } from "@std/assert";
import { JpegDecoder } from "../../src/jpeg/decoder.ts";
import { adobe, fromGrey, join, sizeOf } from "./handmade.ts";
import { assertSame, cjpeg, difference, djpeg, draw, openDevice, tool } from "./support.ts";

const LAYOUTS = [
  [[1, 1], [1, 1], [1, 1], [1, 1]],
  [[2, 2], [1, 1], [1, 1], [2, 2]],
  [[2, 1], [1, 1], [1, 1], [2, 1]],
  [[1, 2], [1, 1], [1, 2], [1, 1]],
  [[4, 1], [1, 1], [2, 1], [1, 1]],
];
const SIZES = [[1, 1], [9, 17], [33, 40], [50, 37]];

/** A file of four components, a scan of its own each. */
async function four(
  width: number,
  height: number,
  layout: number[][],
  before: Uint8Array[],
  ...args: string[]
): Promise<Uint8Array<ArrayBuffer>> {
  const factors = layout.map(([h, v]) => ({ h, v }));
  const most = {
    h: Math.max(...factors.map(({ h }) => h)),
    v: Math.max(...factors.map(({ v }) => v)),
  };
  const parts = [];
  for (const [i, factor] of factors.entries()) {
    const size = sizeOf(width, height, factor, most);
    const file = await cjpeg(draw(size.width, size.height, i + width, 1), "-grayscale", ...args);
    parts.push({ ...factor, file });
  }
  return fromGrey(width, height, parts, before);
}

async function jpegtran(file: Uint8Array, ...args: string[]): Promise<Uint8Array<ArrayBuffer>> {
  const { code, stdout, stderr } = await tool("jpegtran", args, file);
  assertEquals(code, 0, stderr);
  return stdout;
}

for (const [name, before] of [["CMYK", []], ["inverted CMYK", [0]], ["YCCK", [2]]] as const) {
  Deno.test(`${name} files equal djpeg's, interleaved or not, sequential or progressive`, async () => {
    const markers = before.map((transform) => adobe(transform));
    const files: Uint8Array[] = [];
    const names: string[] = [];
    for (const [i, layout] of LAYOUTS.entries()) {
      for (const [width, height] of SIZES) {
        const quality = `${[75, 95][i % 2]}`;
        const plain = await four(width, height, layout, markers, "-quality", quality);
        const progressive = await four(width, height, layout, markers, "-progressive");
        const restarts = await four(width, height, layout, markers, "-restart", "1B");
        files.push(plain, progressive, restarts, await jpegtran(plain, "-progressive"));
        files.push(await jpegtran(plain, "-restart", "2B"));
        for (const kind of ["plain", "progressive", "restarts", "jpegtran p", "jpegtran"]) {
          names.push(`${kind} ${width}×${height} ${layout.join(" ")}`);
        }
      }
    }
    await using test = await openDevice();
    using decoder = new JpegDecoder(test.device);
    using images = await decoder.decode(files);
    await assertSame(images, files, names);
    assertEquals(images.warnings.flat(), []);
    assertEquals(images.images.every((image) => image?.channels === 3), true);
  });
}

Deno.test("an unknown Adobe transform is a warning, as djpeg gives one", async () => {
  const ycck = await four(20, 20, LAYOUTS[0], [adobe(7)]);
  const base = await cjpeg(draw(20, 20), "-rgb");
  // Without the Adobe marker that cjpeg wrote, and with another.
  const rgb = join(base.subarray(0, 2), adobe(9), base.subarray(18));
  await using test = await openDevice();
  using decoder = new JpegDecoder(test.device);
  using images = await decoder.decode([ycck, rgb]);
  for (const [i, file] of [ycck, rgb].entries()) {
    const expected = await djpeg(file);
    assertEquals(expected.code, 2, expected.stderr);
    assertMatch(images.warnings[i][0], /Adobe transform must be .*received/);
    assertEquals(difference(await images.read(i), expected), undefined);
  }
});
