import { assertEquals } from "@std/assert";
import { JpegDecoder } from "../../src/jpeg/decoder.ts";
import { exifOrientation } from "../../src/jpeg/exif.ts";
import {
  cjpeg,
  difference,
  djpeg,
  draw,
  openDevice,
  type Picture,
  readAll,
  withSegment,
} from "./support.ts";
import { turned } from "./turned.ts";

/** An APP1 payload with one IFD entry before the orientation's. */
function exif(orientation: number, little: boolean, type = 3): Uint8Array {
  const bytes = new Uint8Array(6 + 8 + 2 + 24 + 4);
  bytes.set(new TextEncoder().encode(little ? "Exif\0\0II" : "Exif\0\0MM"));
  const view = new DataView(bytes.buffer, 6);
  view.setUint16(2, 42, little);
  view.setUint32(4, 8, little);
  view.setUint16(8, 2, little);
  view.setUint16(10, 0x0100, little);
  view.setUint16(22, 0x0112, little);
  view.setUint16(24, type, little);
  view.setUint32(26, 1, little);
  view.setUint16(30, orientation, little);
  return bytes;
}

Deno.test("pictures are turned by their EXIF orientation, or not if that is to be ignored", async () => {
  const files: Uint8Array[] = [];
  const expected: Picture[] = [];
  const turns: number[] = [];
  for (const [sampling, channels] of [["1x1", 3], ["2x2", 3], ["2x1", 3], ["1x2", 3], ["1x1", 1]]) {
    for (let orientation = 1; orientation <= 8; orientation++) {
      const picture = draw(37, 22, orientation, channels as number);
      const file = await cjpeg(picture, "-sample", `${sampling}`);
      files.push(withSegment(file, 0xe1, exif(orientation, orientation % 2 === 0)));
      expected.push(await djpeg(files.at(-1)!));
      turns.push(orientation);
    }
  }
  await using test = await openDevice();
  for (const mode of ["apply", "ignore"] as const) {
    using decoder = new JpegDecoder(test.device, { orientation: mode });
    using images = await decoder.decode(files);
    for (const [i, picture] of (await readAll(images, files.keys())).entries()) {
      const want = mode === "apply" ? turned(expected[i], turns[i]) : expected[i];
      const found = difference(picture, want);
      assertEquals(found, undefined, `${mode} ${turns[i]}: ${found}`);
    }
  }
});

Deno.test("a broken EXIF block counts as none", () => {
  const whole = exif(6, false);
  assertEquals(exifOrientation(whole), 6);
  assertEquals(exifOrientation(exif(3, true)), 3);
  for (let cut = 0; cut < 40; cut++) {
    assertEquals(exifOrientation(whole.subarray(0, cut)), undefined);
  }
  assertEquals(exifOrientation(exif(9, false)), undefined);
  assertEquals(exifOrientation(exif(0, false)), undefined);
  assertEquals(exifOrientation(exif(6, false, 2)), undefined);
  const far = whole.slice();
  far.set([255, 255, 255, 255], 10);
  assertEquals(exifOrientation(far), undefined);
  const many = whole.slice();
  many.set([255, 255], 14);
  many[24 + 5] = 0;
  assertEquals(exifOrientation(many), undefined);
});
