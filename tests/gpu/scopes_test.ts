/** Nothing is asked of a device outside of error scopes. */
import { assert, assertEquals } from "@std/assert";
import { encode } from "fast-png";
import {
  Augmenter,
  autoContrast,
  crop,
  cutmix,
  equalize,
  gaussianBlur,
  GpuTensor,
  Loader,
  type LoaderOptions,
  mask,
  mixup,
  normalize,
  randomFlip,
  resize,
  rotate,
  sharpness,
  wgslOp,
} from "../../mod.ts";
import { keysFor, testPicture, upload } from "../augment/run.ts";
import { cjpeg, draw, limitBinding } from "../jpeg/support.ts";
import { oriented } from "../jpeg/handmade.ts";
import { JpegDecoder } from "../../src/jpeg/decoder.ts";
import { TEXT } from "../loader_fixture.ts";
import { MaskSource } from "../mask_source.ts";
import { countedIds } from "../pipeline/fake_source.ts";
import { observedDevice } from "./observed_device.ts";

const SIDE = 40;
/** So small that pictures of five times the side are decoded in strips. */
const BINDING = 100_000;

Deno.test("the test sees what is done outside of a scope, and within too few", async () => {
  const { device, unscoped, open } = await observedDevice();
  device.createBuffer({ size: 4, usage: GPUBufferUsage.COPY_DST });
  device.pushErrorScope("validation");
  device.queue.submit([device.createCommandEncoder().finish()]);
  await device.popErrorScope();
  assertEquals(unscoped.length, 4);
  assert(unscoped[0].startsWith("createBuffer without a scope for validation, out-of-memory"));
  assert(
    unscoped[1].startsWith("createCommandEncoder without a scope for out-of-memory, internal"),
  );
  assert(unscoped[3].startsWith("submit without a scope for out-of-memory, internal"));
  assert(unscoped[0].includes("scopes_test.ts"));
  assertEquals(open(), 0);
  device.destroy();
});

/** What makes, writes or submits, in modules that know of no scopes, and who opens them. */
const SCOPED_BY_CALLERS: Record<string, string> = {
  "pipeline/word_images.ts": "pipeline/masks.ts and pipeline/mixed_decoder.ts",
};

Deno.test("every module that asks a device for something knows of scopes", async () => {
  const calls =
    /\.(?:createBuffer|createBindGroup|createShaderModule|createComputePipeline|writeBuffer)\w*\(|queue\.submit\(/;
  const unaware: string[] = [];
  const visit = async (folder: URL, path: string) => {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      if (isDirectory) await visit(new URL(`${name}/`, folder), `${path}${name}/`);
      else if (name.endsWith(".ts") && name !== "shaders.ts" && name !== "native_source.ts") {
        const text = await Deno.readTextFile(new URL(name, folder));
        if (calls.test(text) && !/from "[./]*(?:gpu\/)?scope\.ts"/.test(text)) {
          unaware.push(path + name);
        }
      }
    }
  };
  await visit(new URL("../../src/", import.meta.url), "");
  assertEquals(unaware.filter((file) => !(file in SCOPED_BY_CALLERS)), []);
});

Deno.test("the decoder does all in scopes: every kind of picture, strips, regions, warm-up, reads", async () => {
  const { device, unscoped, calls, open, uncaptured } = await observedDevice();
  const picture = draw(SIDE, SIDE);
  const files = [
    await cjpeg(picture),
    await cjpeg(picture, "-progressive"),
    await cjpeg(draw(SIDE, SIDE, 3, 1)),
    await cjpeg(picture, "-sample", "4x1"),
    oriented(await cjpeg(draw(5 * SIDE, 5 * SIDE)), 3),
    await cjpeg(draw(5 * SIDE, 5 * SIDE), "-progressive"),
    TEXT,
  ];
  for (const binding of [device.limits.maxStorageBufferBindingSize, BINDING]) {
    limitBinding(device, binding);
    for (const entropy of ["segment", "sync"] as const) {
      using decoder = new JpegDecoder(device, { entropy });
      await decoder.warmUp();
      const regions = files.map(() => ({ x: 1, y: 1, width: 9, height: 9 }));
      for (const options of [{}, { regions }]) {
        using images = await decoder.decode(files, options);
        await images.read(0);
        assertEquals((await images.verify()).filter((error) => error).length, 1);
      }
    }
  }
  assertEquals(unscoped, []);
  assertEquals([open(), uncaptured], [0, []]);
  assert(calls.get("submit")! > 8 && calls.get("createBindGroup")! > 50);
  device.destroy();
});

Deno.test("the augmenter does all in scopes", async () => {
  const { device, unscoped, calls, open, uncaptured } = await observedDevice();
  using images = upload(device, [testPicture(60, 45), null, testPicture(300, 40)]);
  const buffer = device.createBuffer({
    label: "target",
    size: 3 * 3 * SIDE * SIDE * 4,
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC,
  });
  const own = unscoped.length;
  const invert = wgslOp({
    code: "fn operate(c: vec3<f32>, at: vec2<i32>, p: Params) -> vec3<f32> { return 255 - c; }",
  });
  const lists = [
    [resize(SIDE), equalize(), invert, mixup()],
    [gaussianBlur({ sigma: 1 }), rotate(9, { size: SIDE }), autoContrast(), sharpness(2)],
  ];
  const shape = [3, 3, SIDE, SIDE] as const;
  for (const operators of lists) {
    for (const dtype of ["f32", "u8"] as const) {
      using augmenter = new Augmenter(device, operators, { dtype }, { maxSteps: 100 });
      await augmenter.warmUp();
      const target = new GpuTensor(device, buffer, { shape, dtype, layout: "NCHW" });
      await augmenter.apply(images, keysFor(3), target);
    }
  }
  assertEquals(unscoped.slice(own), []);
  assertEquals([open(), uncaptured], [0, []]);
  assert(calls.get("submit")! >= 8);
  device.destroy();
});

Deno.test("the loader does all in scopes: PNG files, masks, own sizes, mixing, samples that fail", async () => {
  const { device, unscoped, calls, open, uncaptured } = await observedDevice();
  const jpegs = await Promise.all([0, 1, 2].map((i) => cjpeg(draw(SIDE + 8 * i, SIDE, i))));
  const png = encode({
    width: SIDE,
    height: SIDE,
    channels: 3,
    data: new Uint8Array(3 * SIDE * SIDE).fill(9),
  });
  const truncated = jpegs[0].slice(0, 900);
  const blobs = [jpegs[0], png, jpegs[1], TEXT, jpegs[2], truncated, jpegs[0], png];
  const blob = (n: number) => blobs[n % blobs.length];
  const masks = (n: number) => {
    const width = n === 2 ? SIDE + 8 : n === 4 ? SIDE + 16 : SIDE;
    const data = new Uint8Array(width * SIDE).fill(n % 3);
    return n === 1 || n === 6
      ? jpegs[0]
      : new Uint8Array(encode({ width, height: SIDE, channels: 1, data }));
  };
  const run = async (options: Partial<LoaderOptions<unknown>>) => {
    await using loader = new Loader<unknown>({
      source: new MaskSource(blob, masks),
      device,
      ids: countedIds(8),
      batchSize: 4,
      augment: [resize(17), randomFlip()],
      onCorrupt: "mask",
      labels: mask({ classes: 256 }) as LoaderOptions<unknown>["labels"],
      ...options,
    });
    await loader.warmUp();
    let valid = 0;
    for await (using batch of loader) valid += batch.valid.reduce((sum, one) => sum + one, 0);
    return valid;
  };
  const output = { layout: "NHWC", dtype: "u8" } as const;
  assertEquals(await run({}), 6);
  assertEquals(await run({ output, onCorrupt: "skip" }), 6);
  assertEquals(
    await run({ output: { ...output, ragged: true }, augment: [normalize({ mean: 1, std: 2 })] }),
    6,
  );
  // What is mixed with a picture that only the GPU finds to be truncated is lost with it.
  assert(await run({ augment: [crop(16), cutmix()] }) >= 4);
  assertEquals(unscoped, []);
  assertEquals([open(), uncaptured], [0, []]);
  assert(calls.get("writeBuffer")! > 20);
  device.destroy();
});
