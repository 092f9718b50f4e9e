import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { encode } from "fast-png";
import {
  DisposedError,
  type DType,
  EmptyEpochError,
  type GpuTensor,
  type Layout,
  mask,
  type MaskTensor,
  mixup,
  normalize,
  randomFlip,
  rotate,
  UsageError,
} from "../mod.ts";
import { MaskSource } from "./mask_source.ts";
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
  await assertRejects(() => nothing[Symbol.asyncIterator]().next(), EmptyEpochError);
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

/** A mask as large as its picture, of classes 0 to 4; that of sample 3 has a column less. */
function maskOf(sample: number, short = false): Uint8Array<ArrayBuffer> {
  const { width: own, height } = size(sample);
  const width = own - Number(short);
  const data = Uint8Array.from({ length: width * height }, (_, i) => (sample + (i >> 2)) % 5);
  return new Uint8Array(encode({ width, height, channels: 1, data }));
}

Deno.test("masks of ragged images are what batches of one have, each as large as its image", async () => {
  const { loader } = await fixture(6, sized);
  const source = new MaskSource(sized, (sample) => maskOf(sample));
  const augment = [randomFlip(), rotate(3, { fillValue: 0 })];
  for (const ignore of [9, 300]) {
    const labels = mask({ classes: 5, ignore });
    await using alone = loader({ source, labels, augment, batchSize: 1 });
    const expected: { shape: readonly number[]; data: number[] }[] = [];
    for await (using single of alone) {
      const { shape } = single.labels!;
      expected.push({ shape, data: [...await single.labels!.read()] });
    }
    assert(expected.every(({ data }) => data.includes(ignore)));
    await using one = loader({ source, labels, augment, output: { ragged: true } });
    let at = 0;
    for await (using batch of one) {
      assertEquals(batch.labels, null);
      for (const [i, tensor] of batch.raggedMasks.entries()) {
        assert(tensor && tensor.byteOffset % 256 === 0);
        assertEquals(tensor.dtype, ignore > 255 ? "i32" : "u8");
        assertEquals(tensor.shape.slice(1), batch.ragged[i]!.shape.slice(2));
        assertEquals({ shape: tensor.shape, data: [...await tensor.read()] }, expected[at++]);
      }
    }
    assertEquals([at, one.stats().pool.lent], [6, 0]);
  }
});

Deno.test("ragged masks follow what becomes of their images", async () => {
  const { loader } = await fixture(8, broken);
  const source = new MaskSource(broken, (sample) => maskOf(sample, sample === 3));
  const options = { source, labels: mask({ classes: 5 }), augment: [], output: { ragged: true } };
  await using masked = loader({ ...options, onCorrupt: "mask" });
  const good = [[1, 1, 0, 0], [1, 1, 0, 1]];
  for await (using batch of masked) {
    const there = good.shift()!;
    assertEquals([...batch.valid], there);
    assertEquals(batch.raggedMasks.map((tensor) => Number(tensor !== null)), there);
  }
  await using skipping = loader({ ...options, onCorrupt: "skip" });
  let taken: readonly (MaskTensor | null)[] = [];
  const seen: number[] = [];
  for await (const kept of skipping) {
    const samples = samplesOf(kept);
    kept.raggedMasks.forEach((tensor, i) => assertEquals(tensor!.shape[2], size(samples[i]).width));
    seen.push(...samples);
    const masks = kept.raggedMasks;
    if (taken.length === 0) {
      taken = masks;
      kept.takeRagged();
      assertThrows(() => kept.raggedMasks, DisposedError);
      assertEquals((await taken[0]!.read()).length, size(0).width * size(0).height);
      for (const buffer of new Set(masks.map((tensor) => tensor!.buffer))) buffer.destroy();
    } else {
      kept[Symbol.dispose]();
      assertThrows(() => masks[0]!.buffer, DisposedError);
    }
  }
  assertEquals(seen, [0, 1, 4, 5, 7]);
  assertEquals([masked, skipping].map((one) => one.stats().pool.lent), [0, 0]);

  await using whole = loader({ source, labels: mask({ classes: 5 }), batchSize: 1 });
  for await (using even of whole) {
    assertThrows(() => even.raggedMasks, UsageError, "output.ragged");
    break;
  }
  const { loader: plain } = await fixture(4, sized);
  await using others = plain({ augment: [], output: { ragged: true } });
  for await (using unmasked of others) {
    assertThrows(() => unmasked.raggedMasks, UsageError, "mask()");
  }
});

Deno.test("what needs images of one size is refused beside ragged ones", async () => {
  const { loader } = await fixture(4, sized);
  const output = { ragged: true };
  assertThrows(() => loader({ augment: [mixup()], output }), UsageError, "mix samples");
  const wrong = { ragged: 1 as unknown as boolean };
  assertThrows(() => loader({ output: wrong }), UsageError, "output.ragged must be true or false");
});
