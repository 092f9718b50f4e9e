/** Samples that failed or only fill the batch have no class, and nothing else is mixed with them. */
import { assert, assertEquals } from "@std/assert";
import { encode } from "fast-png";
import {
  type BatchMix,
  bytes,
  cutmix,
  Loader,
  mask,
  type MaskTensor,
  mixup,
  npy,
  randomErasing,
  randomFlip,
  resize,
} from "../mod.ts";
import { damaged, fixture, idOf, picture } from "./loader_fixture.ts";
import { MaskSource } from "./mask_source.ts";
import { countedIds } from "./pipeline/fake_source.ts";

/** The second of two shards of five samples has two, and is filled up to four. */
const PADDED = { shard: { index: 1, count: 2 }, batchSize: 4, lastBatch: "pad" } as const;

Deno.test("labels of failed and padded samples are -1", async () => {
  const { loader } = await fixture(5, (sample) => sample === 3 ? null : picture(sample));
  await using one = loader({ ...PADDED, onCorrupt: "mask" });
  for await (using batch of one) {
    assertEquals([...batch.valid], [1, 0, 0, 0]);
    assertEquals(batch.labels, new Int32Array([1, -1, -1, -1]));
  }
});

/** A label of each sample: an array of one number, as NumPy writes it. */
function npyFile(sample: number): Uint8Array<ArrayBuffer> {
  const header = "{'descr': '|u1', 'fortran_order': False, 'shape': (1,), }".padEnd(117) + "\n";
  const file = new Uint8Array(10 + header.length + 1);
  file.set([
    0x93,
    ...new TextEncoder().encode("NUMPY"),
    1,
    0,
    header.length & 255,
    header.length >> 8,
  ]);
  file.set(new TextEncoder().encode(header), 10);
  file[file.length - 1] = sample;
  return file;
}

Deno.test("labels that are blobs or arrays are null for failed and padded samples", async () => {
  const { device } = await fixture(1);
  const source = new MaskSource((n) => n === 3 ? new Uint8Array(9) : picture(n), npyFile);
  const options = { source, device, ids: countedIds(5), augment: [resize(8)], ...PADDED };
  for (const labels of [bytes(), npy()]) {
    await using one = new Loader<unknown>({ ...options, onCorrupt: "mask", labels });
    for await (using batch of one) {
      const received = batch.labels as ({ data?: ArrayLike<number> } | null)[];
      assertEquals(received.map((label) => label !== null), [true, false, false, false]);
    }
  }
});

/** A mask of one class, as large as a picture of the fixture. */
function maskFile(): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array(24 * 16).fill(2);
  return new Uint8Array(encode({ width: 24, height: 16, channels: 1, data }));
}

Deno.test("masks of failed and padded samples are ignore, or what is no class, at any size", async () => {
  const { device } = await fixture(1);
  const source = new MaskSource((n) => n === 3 ? new Uint8Array(9) : picture(n), maskFile);
  const forms = [
    [{ classes: 5, ignore: 77 }, 77, "u8", 8],
    [{ classes: 255 }, 255, "u8", 5],
    [{ classes: 256 }, -1, "i32", 5],
    [{ classes: 1000, ignore: 1000 }, 1000, "i32", 8],
  ] as const;
  for (const [form, none, dtype, side] of forms) {
    const options = { source, device, ids: countedIds(5), augment: [resize(side)], ...PADDED };
    await using one = new Loader({ ...options, onCorrupt: "mask", labels: mask(form) });
    for await (using batch of one) {
      const masks = batch.labels!;
      assertEquals(masks.dtype, dtype);
      const values = await masks.read();
      const expected = [2, none, none, none].flatMap((value) => Array(side * side).fill(value));
      assertEquals([...values], expected);
    }
  }
  const options = { source, device, ids: countedIds(5), ...PADDED, output: { ragged: true } };
  await using one = new Loader({ ...options, onCorrupt: "mask", labels: mask({ classes: 5 }) });
  for await (using batch of one) {
    const [first, failed, ...padded] = batch.raggedMasks as (MaskTensor | null)[];
    assert((await first!.read()).every((value) => value === 2));
    assertEquals(failed, null);
    for (const each of padded) {
      // The third is the failed one again.
      if (each) assert((await each.read()).every((value) => value === 255));
    }
    assert(padded.some((each) => each !== null));
  }
});

Deno.test("what failed or only fills a batch is mixed with nothing", async () => {
  const { loader } = await fixture(9, damaged);
  let mixed = 0;
  for (const [seed, mixing] of [mixup(), cutmix()].entries()) {
    await using one = loader({
      seed,
      batchSize: 8,
      lastBatch: "pad",
      epochs: 4,
      shuffle: true,
      onCorrupt: "mask",
      augment: [resize(8), mixing],
    });
    for await (using batch of one) {
      const mix = batch.mix as BatchMix;
      mixed += mix.length;
      const fine = ({ index, partner }: BatchMix[number]) =>
        batch.errors.some((error) => error.index === index) ||
        batch.valid[index] === 1 && batch.valid[partner] === 1;
      assert(mix.every(fine), JSON.stringify({ mix, valid: [...batch.valid] }));
    }
  }
  assert(mixed > 10);
});

Deno.test("requests leave out all chance, unless they ask for it", async () => {
  const { loader } = await fixture(4, (n) => picture(n, 24, 16));
  const augment = [resize(8), randomFlip({ vertical: 0.5 }), randomErasing({ probability: 1 })];
  const read = async (batches: AsyncIterable<{ images: { read(): Promise<unknown> } }>) => {
    const pixels: string[] = [];
    for await (const batch of batches) pixels.push(String(await batch.images.read()));
    return pixels;
  };
  const ids = [0, 1, 2, 3].map(idOf);
  await using plain = loader({ augment: [resize(8)] });
  const expected = await read(plain);
  await using one = loader({ augment, maxBatchesOut: 20 });
  assert(String(await read(one)) !== String(expected));
  assertEquals(await read(one.request(ids)), expected);
  assert(String(await read(one.request(ids, { fixed: false }))) !== String(expected));
  const requests = [ids];
  await using serving = loader({ augment, ids: undefined, requests });
  assertEquals(await read(serving), expected);
  await using drawing = loader({ augment, ids: undefined, requests, fixed: false });
  assert(String(await read(drawing)) !== String(expected));
});
