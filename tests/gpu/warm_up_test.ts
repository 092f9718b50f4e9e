/** After a warm-up nothing is compiled any more. */
import { assert, assertEquals } from "@std/assert";
import { encode } from "fast-png";
import {
  crop,
  IMAGENET,
  Loader,
  type LoaderOptions,
  mask,
  normalize,
  randomFlip,
  randomResizedCrop,
  resize,
} from "../../mod.ts";
import { MaskSource } from "../mask_source.ts";
import { countedIds } from "../pipeline/fake_source.ts";
import { compiledAfterWarmUp } from "./warm_up.ts";
import { JpegDecoder } from "../../src/jpeg/decoder.ts";
import { assemble, oriented, pieces } from "../jpeg/handmade.ts";
import { cjpeg, draw, limitBinding } from "../jpeg/support.ts";
import { observedDevice } from "./observed_device.ts";

const BINDING = 60_000;

Deno.test("a decoder that is warm decodes pictures of all kinds and orientations without compiling", async () => {
  const kinds: Uint8Array<ArrayBuffer>[] = [];
  for (const sampling of ["1x1", "2x1", "1x2", "2x2", "4x1"]) {
    kinds.push(await cjpeg(draw(90, 70), "-sample", sampling));
  }
  const progressive = await cjpeg(draw(90, 70), "-progressive");
  kinds.push(await cjpeg(draw(90, 70, 1, 1)), progressive);
  // Without the scans that refine, so that the picture is smoothed.
  kinds.push(assemble(pieces(progressive).slice(0, -4)));
  const files = kinds.flatMap((file) => [file, oriented(file, 2), oriented(file, 8)]);
  const { device, compiled } = await observedDevice();
  const warnings: string[] = [];
  const onWarning = (message: string) => warnings.push(message);
  using decoder = new JpegDecoder(device, { onWarning });
  await decoder.warmUp();
  assertEquals(warnings, []);
  const count = compiled.length;
  assert(count > 20);
  // Large ones, which are decoded in strips, too.
  for (const binding of [device.limits.maxStorageBufferBindingSize, BINDING]) {
    limitBinding(device, binding);
    using images = await decoder.decode(files);
    await images.verify();
    assert(images.errors.filter((error) => error === undefined).length >= kinds.length * 2);
  }
  assertEquals(compiled.slice(count), []);
  device.destroy();
});

Deno.test("an augmenter that is warm compiles no further, whatever the images", async () => {
  const list = [randomResizedCrop(32), randomFlip(), normalize(IMAGENET)];
  const { late, compiled } = await compiledAfterWarmUp([list], 20);
  assertEquals(late, []);
  assert(compiled > 10);
});

Deno.test("a loader that is warm compiles no further: own sizes, masks, samples that fail", async () => {
  const { device, compiled } = await observedDevice();
  const jpegs = await Promise.all([0, 1, 2].map((i) => cjpeg(draw(33 + 3 * i, 30, i))));
  const source = new MaskSource(
    (n) => n === 3 ? null : jpegs[n % 3],
    (n) => {
      const width = 33 + 3 * (n % 3);
      const data = new Uint8Array(width * 30).fill(n % 3);
      return new Uint8Array(encode({ width, height: 30, channels: 1, data }));
    },
  );
  const output = { layout: "NHWC", dtype: "u8" } as const;
  const runs: Partial<LoaderOptions<unknown>>[] = [
    { augment: [randomFlip(), crop(16), resize(17)], output },
    { augment: [normalize({ mean: 1, std: 2 })], output: { ...output, ragged: true } },
  ];
  for (const options of runs) {
    await using loader = new Loader<unknown>({
      source,
      device,
      ids: countedIds(8),
      batchSize: 4,
      onCorrupt: "mask",
      labels: mask({ classes: 9 }) as LoaderOptions<unknown>["labels"],
      ...options,
    });
    await loader.warmUp();
    const count = compiled.length;
    for await (using batch of loader) assert(batch.length > 0);
    assertEquals(compiled.slice(count), []);
  }
  device.destroy();
});
