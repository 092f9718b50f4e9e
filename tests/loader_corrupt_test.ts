import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  centerCrop,
  CorruptJpegError,
  cutmix,
  EmptyEpochError,
  type Loader,
  type LoaderState,
  MissingSampleError,
  mixup,
  normalize,
  type Operator,
  randomResizedCrop,
  resize,
  ShapeError,
} from "../mod.ts";
import {
  brightness,
  collect,
  damaged,
  fixture,
  idOf,
  picture,
  range,
  samplesOf,
  TEXT,
} from "./loader_fixture.ts";

Deno.test('onCorrupt "throw" yields the batches before, then the error of the sample', async () => {
  const { loader, source } = await fixture(12, (sample) => (sample === 6 ? TEXT : picture(sample)));
  await using one = loader();
  const seen: number[] = [];
  const error = await assertRejects(async () => {
    for await (using batch of one) seen.push(...samplesOf(batch));
  });
  assertEquals(seen, range(4));
  assertEquals(
    (error as CorruptJpegError).sampleId,
    "00000000-0000-0000-0000-000000000006",
  );
  assertEquals([source.underWay, source.alive, one.stats().pool.lent], [0, 0, 0]);
});

Deno.test('onCorrupt "mask" keeps the places of bad samples and clears their pixels', async () => {
  const { loader } = await fixture(8, damaged);
  await using one = loader<Int32Array>({ onCorrupt: "mask" });
  const batches = await collect(one);
  assertEquals(batches.map(({ valid }) => valid), [[1, 1, 0, 1], [1, 0, 0, 1]]);
  const { skipped } = one.stats();
  assertEquals(skipped.map(({ index }) => index), [2, 1, 2]);
  assert(skipped[0].reason instanceof MissingSampleError);
  assert(skipped[2].reason instanceof CorruptJpegError);
});

Deno.test('onCorrupt "skip" leaves bad samples out, in every number format', async () => {
  const { loader } = await fixture(8, damaged);
  for (const dtype of ["f32", "u8"] as const) {
    await using one = loader<Int32Array>({ onCorrupt: "skip", output: { dtype, layout: "NHWC" } });
    const batches = await collectSkipping(one);
    assertEquals(batches, [[0, 1, 3], [4, 7]]);
    assertEquals(one.stats().skipped.length, 3);
  }
});

async function collectSkipping(loader: Loader<Int32Array>): Promise<number[][]> {
  const batches: number[][] = [];
  for await (using batch of loader) {
    assertEquals([...batch.labels], samplesOf(batch));
    assertEquals(batch.images.shape[0], batch.length);
    const pixels = await batch.images.read();
    const size = pixels.length / batch.length;
    samplesOf(batch).forEach((sample, i) =>
      assert(Math.abs(pixels[i * size] - brightness(sample)) <= 2)
    );
    batches.push(samplesOf(batch));
  }
  return batches;
}

Deno.test("a first batch of bad samples alone is masked where operators fix the size, else told", async () => {
  const { loader } = await fixture(8, damaged);
  const first = async (augment: Operator[], sample = 5) => {
    const ids = [sample, 0].map(idOf);
    await using one = loader<Int32Array>({ onCorrupt: "mask", ids, batchSize: 1, augment });
    const seen: unknown[] = [];
    for await (using batch of one) {
      const pixels = await batch.images.read();
      seen.push(batch.images.shape.join(), [...batch.valid], pixels.every((value) => value === 0));
    }
    return seen;
  };
  for (const augment of [[resize(8)], [randomResizedCrop(8)], [centerCrop(8), resize(8)]]) {
    for (const sample of [2, 5, 6]) {
      assertEquals(await first(augment, sample), ["1,8,8,3", [0], true, "1,8,8,3", [1], false]);
    }
  }
  // Both are too small for it.
  const large = [centerCrop(1000), resize(8)];
  assertEquals(await first(large), ["1,8,8,3", [0], true, "1,8,8,3", [0], true]);
  await assertRejects(() => first([]), ShapeError, "where no operator fixes the size");
});

Deno.test("masking and skipping work where images have an odd number of bytes", async () => {
  const { loader } = await fixture(8, damaged);
  const output = { dtype: "u8", layout: "NHWC" } as const;
  await using masked = loader<Int32Array>({ onCorrupt: "mask", output, augment: [centerCrop(5)] });
  assertEquals((await collect(masked)).map(({ valid }) => valid), [[1, 1, 0, 1], [1, 0, 0, 1]]);
  await using skipped = loader<Int32Array>({ onCorrupt: "skip", output, augment: [centerCrop(5)] });
  assertEquals(await collectSkipping(skipped), [[0, 1, 3], [4, 7]]);
});

Deno.test("a batch of which nothing is left is passed over, and the epoch ends", async () => {
  const { loader } = await fixture(8, (sample) => (sample < 4 ? null : picture(sample)));
  await using one = loader<Int32Array>({ onCorrupt: "skip" });
  assertEquals(await collectSkipping(one), [[4, 5, 6, 7]]);
});

Deno.test("an epoch of which nothing is left ends the loop, and says what was wrong", async () => {
  const { loader } = await fixture(8, () => null);
  for (const epochs of [1, Infinity]) {
    await using one = loader<Int32Array>({ onCorrupt: "skip", epochs, batchSize: 3 });
    const error = await assertRejects(
      () => one[Symbol.asyncIterator]().next(),
      EmptyEpochError,
      "received 8 failures and nothing else in epoch 0, the first of them: no ",
    ) as EmptyEpochError;
    assert(error.cause instanceof MissingSampleError && error.sampleId === idOf(0));
    assertEquals(error.code, "EMPTY_EPOCH");
    assertEquals(one.stats().pool.lent, 0);
  }
  // Bad ends and beginnings of epochs, one after the other, are none.
  const { loader: some } = await fixture(8, (sample) => (sample < 6 ? null : picture(sample)));
  await using one = some<Int32Array>({
    onCorrupt: "skip",
    epochs: 12,
    batchSize: 2,
    shuffle: true,
  });
  let samples = 0;
  for await (using batch of one) samples += batch.length;
  assertEquals(samples, 24);
  // Of the first epoch a sample has been handed out before.
  const resume = {
    ...await stateOf(some({ onCorrupt: "skip", ids: [7, 0, 1].map(idOf), batchSize: 1 })),
  };
  await using rest = some({ onCorrupt: "skip", ids: [7, 0, 1].map(idOf), batchSize: 1, resume });
  for await (using _ of rest) throw new Error("nothing of it can be loaded");
});

async function stateOf(loader: Loader<Int32Array>): Promise<LoaderState> {
  await using one = loader;
  for await (using batch of one) return batch.state!;
  throw new Error("there was no batch");
}

Deno.test("an image smaller than a crop is that sample's failure alone", async () => {
  const { loader } = await fixture(4, (sample) => picture(sample, sample === 1 ? 6 : 24));
  await using one = loader<Int32Array>({ onCorrupt: "mask", augment: [centerCrop(8)] });
  assertEquals((await collect(one)).map(({ valid }) => valid), [[1, 0, 1, 1]]);
  assert(one.stats().skipped[0].reason instanceof ShapeError);
});

Deno.test("images of several sizes without a resize are a ShapeError", async () => {
  const { loader } = await fixture(4, (sample) => picture(sample, 24 + 8 * sample));
  await using one = loader({ augment: [normalize({ mean: [0, 0, 0], std: [1, 1, 1] })] });
  await assertRejects(() => one[Symbol.asyncIterator]().next(), ShapeError, "one size");
});

Deno.test("what a corrupt sample was mixed into is reported with it, and nothing else is", async () => {
  // Its data ends early, which only the GPU sees.
  const { loader } = await fixture(12, (sample) => {
    const file = picture(sample, 64, 48);
    return sample === 5 ? file.slice(0, file.length - 30) : file;
  });
  let spread = 0;
  const lists = [[mixup()], [cutmix()], [mixup(), cutmix()]];
  for (const [seed, mixing] of [...lists, ...lists, ...lists].entries()) {
    await using one = loader<Int32Array>({
      batchSize: 12,
      seed,
      onCorrupt: "mask",
      augment: [resize(8), ...mixing],
    });
    for await (using batch of one) {
      const bad = new Set([5]);
      for (let step = 0; step < mixing.length; step++) {
        const before = new Set(bad);
        for (const { index, partner } of batch.mix.filter((mix) => mix.step === step)) {
          if (before.has(partner)) bad.add(index);
        }
      }
      spread += bad.size - 1;
      assertEquals(new Set(batch.errors.map(({ index }) => index)), bad);
      assertEquals([...batch.valid], range(12).map((i) => bad.has(i) ? 0 : 1));
      for (const { index, reason } of batch.errors) {
        assert(reason instanceof CorruptJpegError);
        assert(index === 5 || reason.message.includes("which was mixed into it"), reason.message);
      }
      const pixels = await batch.images.read();
      const bytes = pixels.length / 12;
      for (const i of bad) {
        assert(pixels.subarray(i * bytes, (i + 1) * bytes).every((value) => value === 0));
      }
    }
  }
  assert(spread > 0);
});
