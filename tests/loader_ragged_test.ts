import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  type DType,
  type GpuTensor,
  type Layout,
  mask,
  mixup,
  normalize,
  randomFlip,
  rotate,
  UsageError,
} from "../mod.ts";
import { fixture, picture, samplesOf, TEXT } from "./loader_fixture.ts";

/** Pictures of sizes of their own, odd ones among them. */
const size = (sample: number) => ({ width: 9 + 5 * sample, height: 16 + 3 * (sample % 4) });
const sized = (sample: number) => picture(sample, size(sample).width, size(sample).height);
const broken = (sample: number) => (sample % 4 === 2 ? TEXT : sized(sample));

async function bytes(tensor: GpuTensor): Promise<number[]> {
  const data = await tensor.read();
  return [...new Uint8Array(data.buffer, data.byteOffset, data.byteLength)];
}

Deno.test("ragged images are what batches of one are, each in its own size", async () => {
  const { loader } = await fixture(6, sized);
  const augment = [randomFlip(), rotate(3), normalize({ mean: 3, std: 2 })];
  for (const layout of ["NCHW", "NHWC"] as Layout[]) {
    for (const dtype of ["f32", "f16", "u8"] as DType[]) {
      const output = { layout, dtype };
      await using alone = loader<Int32Array>({ batchSize: 1, augment, output });
      const expected: { shape: readonly number[]; data: number[] }[] = [];
      for await (using single of alone) {
        expected.push({ shape: single.images.shape, data: await bytes(single.images) });
      }
      await using one = loader<Int32Array>({ augment, output: { ...output, ragged: true } });
      let at = 0;
      for await (using batch of one) {
        for (const tensor of batch.ragged) {
          assert(tensor && tensor.byteOffset % 256 === 0);
          const { shape, data } = expected[at++];
          assertEquals(tensor.shape, shape);
          assertEquals(await bytes(tensor), data, `${layout} ${dtype}, sample ${at - 1}`);
        }
      }
      assertEquals([at, one.stats().pool.lent], [6, 0]);
    }
  }
});

Deno.test("ragged images that cannot be loaded are null, or left out", async () => {
  const { loader } = await fixture(8, broken);
  const output = { ragged: true, dtype: "u8" } as const;
  await using masked = loader<Int32Array>({ augment: [], output, onCorrupt: "mask" });
  for await (using batch of masked) {
    assertEquals([...batch.valid], [1, 1, 0, 1]);
    assertEquals(batch.ragged.map((tensor) => tensor !== null), [true, true, false, true]);
  }
  await using skipping = loader<Int32Array>({ augment: [], output, onCorrupt: "skip" });
  const seen: number[] = [];
  for await (using kept of skipping) {
    const samples = samplesOf(kept);
    kept.ragged.forEach((tensor, i) => assertEquals(tensor!.shape[3], size(samples[i]).width));
    seen.push(...samples);
  }
  assertEquals(seen, [0, 1, 3, 4, 5, 7]);
  assertEquals([masked, skipping].map((one) => one.stats().pool.lent), [0, 0]);

  const { loader: bad } = await fixture(4, () => TEXT);
  await using nothing = bad<Int32Array>({ augment: [], output, onCorrupt: "skip" });
  for await (const batch of nothing) throw new Error(`there is nothing to give: ${batch.length}`);
  assertEquals(nothing.stats().pool.lent, 0);
});

Deno.test("ragged images can be taken, and are asked for by their name", async () => {
  const { loader } = await fixture(4, sized);
  await using one = loader<Int32Array>({ augment: [], output: { ragged: true } });
  let taken: readonly (GpuTensor | null)[] = [];
  for await (using batch of one) {
    assertThrows(() => batch.images, UsageError, "output.ragged");
    assertThrows(() => batch.take(), UsageError, "output.ragged");
    taken = batch.takeRagged();
  }
  assertEquals(taken.map((tensor) => tensor!.shape[3]), [0, 1, 2, 3].map((i) => size(i).width));
  assertEquals((await taken[3]!.read()).length, 3 * size(3).width * size(3).height);
  for (const buffer of new Set(taken.map((tensor) => tensor!.buffer))) buffer.destroy();
  await using whole = loader<Int32Array>();
  for await (using even of whole) assertThrows(() => even.ragged, UsageError, "output.ragged");
});

Deno.test("what needs images of one size is refused beside ragged ones", async () => {
  const { loader, source } = await fixture(4, sized);
  const output = { ragged: true };
  assertThrows(() => loader({ augment: [mixup()], output }), UsageError, "mix samples");
  Object.defineProperty(source, "labelType", { value: "blob" });
  assertThrows(() => loader({ labels: mask({ classes: 2 }), output }), UsageError, "masks");
  const wrong = { ragged: 1 as unknown as boolean };
  assertThrows(() => loader({ output: wrong }), UsageError, "output.ragged must be true or false");
});
