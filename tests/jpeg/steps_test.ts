import { assert, assertEquals, assertRejects } from "@std/assert";
import { BufferPool } from "../../src/gpu/pool.ts";
import type { GpuImages } from "../../src/gpu/images.ts";
import { chooseSync } from "../../src/jpeg/entropy_path.ts";
import { JpegKernels } from "../../src/jpeg/kernels.ts";
import { Preparer } from "../../src/jpeg/prepare.ts";
import { Submitter } from "../../src/jpeg/submit.ts";
import { tuningFor } from "../../src/jpeg/tuning.ts";
import { assertSame, cjpeg, draw, openDevice } from "./support.ts";

/** Decodes files in steps of some work. */
async function decodeInSteps(
  device: GPUDevice,
  pool: BufferPool,
  files: Uint8Array[],
  { step, cap, path, goOn }: {
    step: number;
    cap: number;
    path: "segment" | "sync";
    goOn: () => void;
  },
): Promise<GpuImages> {
  const usual = tuningFor(device);
  const tuning = { ...usual, step, cap, sync: { ...usual.sync, cap } };
  const { maxStorageBufferBindingSize: maxBinding, maxBufferSize: maxBuffer } = device.limits;
  const preparer = new Preparer({
    maxPixels: 2 ** 28,
    maxScans: 100,
    turn: true,
    maxBinding,
    maxBuffer,
  });
  const part = preparer.prepare(files, 0, maxBuffer);
  const kernels = new JpegKernels(device, tuning);
  const sync = chooseSync(part.decodables, part.lexed, tuning, path);
  await kernels.load(part.decodables, sync.size > 0, maxBinding);
  const work = { part, kernels, sync, binding: maxBinding };
  return await new Submitter(device, pool, tuning).submit(work, goOn);
}

async function files(): Promise<Uint8Array[]> {
  return [
    await cjpeg(draw(90, 70, 1), "-sample", "2x2"),
    await cjpeg(draw(64, 50, 2), "-progressive"),
    await cjpeg(draw(50, 40, 3), "-restart", "1B", "-sample", "1x1"),
  ];
}

Deno.test("a decode in many steps of few turns gives the same pictures", async () => {
  const blobs = await files();
  await using test = await openDevice();
  using pool = new BufferPool(test.device);
  for (const path of ["segment", "sync"] as const) {
    let asked = 0;
    const goOn = () => void asked++;
    const options = { step: 1, cap: 1000, path, goOn };
    using images = await decodeInSteps(test.device, pool, blobs, options);
    await assertSame(images, blobs, ["4:2:0", "progressive", "restarts"]);
    assert(asked > 20, `${asked} times asked`);
    asked = 0;
    options.step = 2 ** 40;
    using whole = await decodeInSteps(test.device, pool, blobs, options);
    await assertSame(whole, blobs, ["4:2:0", "progressive", "restarts"]);
    // Before the attempt, and not between steps.
    assertEquals(asked, 1);
  }
});

Deno.test("a decode that is ended between two steps gives its memory back", async () => {
  const blobs = await files();
  await using test = await openDevice();
  using pool = new BufferPool(test.device);
  let left = 5;
  const goOn = () => {
    if (--left === 0) throw new Error("enough");
  };
  const options = { step: 1, cap: 1000, path: "segment", goOn } as const;
  await assertRejects(() => decodeInSteps(test.device, pool, blobs, options), Error, "enough");
  assertEquals(left, 0);
  assertEquals(pool.stats().lent, 0);
});

Deno.test("between two steps the event loop has its turn, so that an abort is heard", async () => {
  const blobs = await files();
  await using test = await openDevice();
  using pool = new BufferPool(test.device);
  const abort = new AbortController();
  setTimeout(() => abort.abort(new Error("enough")));
  const goOn = () => abort.signal.throwIfAborted();
  const options = { step: 1, cap: 1000, path: "segment", goOn } as const;
  await assertRejects(() => decodeInSteps(test.device, pool, blobs, options), Error, "enough");
});
