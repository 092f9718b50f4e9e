import { assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import jpeg from "jpeg-js";
import {
  type IdList,
  Loader,
  type LoaderOptions,
  type LoaderState,
  randomFlip,
  randomResizedCrop,
  requestDevice,
  SqliteSource,
  SqliteWriter,
} from "../mod.ts";
import { countedIds, FakeSource, numberOf } from "./pipeline/fake_source.ts";
import { tempFolder } from "../tools/temp.ts";

const SIZE = 13;
const device = await requestDevice();
const ids = countedIds(SIZE);
const files = Array.from({ length: SIZE }, (_, sample) => {
  const data = new Uint8Array(40 * 30 * 4).map((_, i) => (i * (sample + 3)) % 251);
  return new Uint8Array(jpeg.encode({ width: 40, height: 30, data }, 95).data);
});
const delayed = (fetch: number) =>
  new Promise<void>((resolve) => setTimeout(resolve, [12, 1, 7, 3][fetch % 4]));
const source = new FakeSource((sample) => files[sample], delayed);

/** A hash of the pixels of each sample in each epoch, by "epoch/sample". */
type Pixels = Map<string, string>;

async function load(options: Partial<LoaderOptions<unknown>>, into: Pixels = new Map()): Promise<{
  pixels: Pixels;
  states: LoaderState[];
}> {
  const states: LoaderState[] = [];
  await using loader = new Loader({
    source,
    device,
    ids,
    batchSize: 4,
    seed: 11,
    shuffle: true,
    epochs: 2,
    augment: [randomResizedCrop(16), randomFlip()],
    output: { layout: "NHWC", dtype: "u8" },
    ...options,
  });
  for await (using batch of loader) {
    const all = await batch.images.read() as Uint8Array;
    const bytes = all.length / batch.length;
    for (let i = 0; i < batch.length; i++) {
      if (!batch.valid[i]) continue;
      const hash = createHash("sha256").update(all.subarray(i * bytes, (i + 1) * bytes));
      into.set(`${batch.epoch}/${numberOf(batch.ids, i)}`, hash.digest("hex"));
    }
    states.push(batch.state!);
  }
  return { pixels: into, states };
}

const sorted = (pixels: Pixels) => [...pixels].sort(([a], [b]) => (a < b ? -1 : 1));
const { pixels: expected, states } = await load({});

Deno.test("a sample's pixels differ from epoch to epoch and from seed to seed", async () => {
  assertEquals(expected.size, 2 * SIZE);
  assertEquals(new Set(expected.values()).size, 2 * SIZE);
  const { pixels } = await load({ seed: 12 });
  const same = [...pixels].filter(([key, hash]) => expected.get(key) === hash);
  assertEquals(same, []);
});

Deno.test("a sample's pixels do not depend on batch size or prefetch", async () => {
  for (const options of [{ batchSize: 1 }, { batchSize: 13 }, { batchSize: 5, prefetch: 7 }]) {
    assertEquals(sorted((await load(options)).pixels), sorted(expected));
  }
});

Deno.test("a sample's pixels do not depend on the ordering", async () => {
  const { pixels } = await load({ ordering: "batches", prefetch: 4 });
  assertEquals(sorted(pixels), sorted(expected));
});

Deno.test("a sample's pixels do not depend on the number of shards", async () => {
  for (const count of [2, 3]) {
    const pixels: Pixels = new Map();
    for (let index = 0; index < count; index++) await load({ shard: { index, count } }, pixels);
    assertEquals(sorted(pixels), sorted(expected));
  }
});

Deno.test("a sample's pixels do not depend on where a run was cut", async () => {
  for (const [i, resume] of states.entries()) {
    const { pixels } = await load({ resume, batchSize: 3 });
    assertEquals(pixels.size, [22, 18, 14, 13, 9, 5, 1, 0][i]);
    for (const [key, hash] of pixels) assertEquals(hash, expected.get(key));
  }
});

Deno.test("a sample's pixels do not depend on the source", async () => {
  const path = `${tempFolder()}/set.sqlite`;
  {
    await using writer = new SqliteWriter(path);
    await writer.createTables();
    for (let i = 0; i < SIZE; i++) {
      await writer.write({
        id: idBytes(ids, i),
        path: `${i}`,
        className: "",
        label: i,
        data: files[i],
      });
    }
  }
  await using sqlite = await SqliteSource.open({ path });
  assertEquals(sorted((await load({ source: sqlite })).pixels), sorted(expected));
});

function idBytes(list: IdList, index: number): Uint8Array<ArrayBuffer> {
  return list.bytes.slice(index * 16, (index + 1) * 16);
}
