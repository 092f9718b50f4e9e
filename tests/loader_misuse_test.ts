import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  type BlobBatch,
  BufferPool,
  DeviceLostError,
  DisposedError,
  type LabelReader,
  type LoaderOptions,
  type LoaderState,
  requestDevice,
  resize,
  ResumeMismatchError,
  ShapeError,
  SqliteSource,
  UsageError,
} from "../mod.ts";
import { fixture, idOf, picture } from "./loader_fixture.ts";
import { FakeSource } from "./pipeline/fake_source.ts";

/** Options as a caller without types may write them. */
function untyped(options: { [name: string]: unknown }): Partial<LoaderOptions<Int32Array>> {
  return options as Partial<LoaderOptions<Int32Array>>;
}

Deno.test("loader refuses options that do not exist, and says which one was meant", async () => {
  const { loader } = await fixture(4);
  for (
    const [options, option, meant] of [
      [{ batchsize: 4 }, "batchsize", "batchSize"],
      [{ prefecth: 4 }, "prefecth", "prefetch"],
      [{ output: { dtyp: "u8" } }, "output.dtyp", "output.dtype"],
      [{ shard: { index: 0, cout: 2 } }, "shard.cout", "shard.count"],
    ] as const
  ) {
    const error = assertThrows(() => loader(untyped(options)), UsageError, `did you mean ${meant}`);
    assertEquals(error.option, option);
  }
  assertThrows(() => loader(untyped({ elephant: 1 })), UsageError, "no such option: received it");
});

Deno.test("loader refuses options of a wrong type by name", async () => {
  const { loader } = await fixture(4);
  const wrong: [string, unknown][] = [
    ["seed", null],
    ["seed", -1],
    ["shuffle", null],
    ["lastBatch", null],
    ["shard", null],
    ["weights", null],
    ["weights", "12345678"],
    ["shard", "all"],
    ["resume", null],
    ["resume", "{}"],
    ["ids", null],
    ["ids", 7],
    ["augment", "resize"],
    ["augment", resize(8)],
    ["fixed", "yes"],
    ["output", "NCHW"],
    ["labels", "int"],
    ["labels", null],
    ["signal", {}],
    ["onWarning", "warn"],
    ["requests", "x"],
    ["requests", 5],
  ];
  for (const [option, value] of wrong) {
    const error = assertThrows(() => loader(untyped({ [option]: value })), UsageError);
    assertEquals(error.option, option);
    assert(/^Cannot .* as .* must .*: received /.test(error.message), error.message);
  }
});

Deno.test("loader refuses a pool of another device, and one that is disposed of", async () => {
  const { loader, device } = await fixture(4);
  const pool = new BufferPool(await requestDevice());
  const error = assertThrows(() => loader({ pool }), UsageError, "a BufferPool of the device");
  assertEquals(error.option, "pool");
  const late = new BufferPool(device);
  await using all = loader({ pool: late });
  late[Symbol.dispose]();
  await assertRejects(() => all[Symbol.asyncIterator]().next(), DisposedError, "the BufferPool");
});

Deno.test("request refuses options and ids of a wrong type", async () => {
  const { loader } = await fixture(4);
  await using all = loader();
  const request = (ids: unknown, options?: unknown) => () =>
    all.request(ids as string[], options as { signal?: AbortSignal });
  assertThrows(request(7), UsageError, "a list of UUID strings: received 7");
  assertThrows(request(idOf(1)), UsageError, "a list of UUID strings");
  assertThrows(request([idOf(1)], { sginal: 1 }), UsageError, "did you mean signal?");
  assertThrows(request([idOf(1)], { signal: 1 }), UsageError, "an AbortSignal: received 1");
});

Deno.test("SQLite source refuses options that do not exist or are of a wrong type", async () => {
  const open = (options: { [name: string]: unknown }) => () =>
    SqliteSource.open(options as { path: string });
  await assertRejects(open({ path: "x", tabel: "data" }), UsageError, "did you mean table?");
  await assertRejects(open({ path: 7 }), UsageError, "path must be");
  await assertRejects(open({ path: "x", idColumn: 7 }), UsageError, "idColumn must be");
});

Deno.test("a loop over epochs without batches ends, and is refused where it would not", async () => {
  const { loader } = await fixture(4);
  const options = { batchSize: 8, lastBatch: "drop" } as const;
  assertThrows(() => loader({ ...options, epochs: Infinity }), UsageError, "epochs must be finite");
  await using many = loader({ ...options, epochs: 2 ** 50 });
  for await (using _ of many) throw new Error("there is no batch to give");
});

Deno.test("resume refuses states that are not whole", async () => {
  const { loader } = await fixture(8);
  let state: LoaderState | null = null;
  {
    await using first = loader();
    for await (using batch of first) {
      state = batch.state;
      break;
    }
  }
  const spoilt: [string, { [name: string]: unknown }][] = [
    ["epoch", { epoch: -1 }],
    ["epoch", { epoch: "0" }],
    ["shard", { shard: undefined }],
    ["base", { base: null }],
    ["done", { done: undefined }],
    ["done", { done: { prefix: -5, exceptions: [] } }],
    ["done", { done: { prefix: 9, exceptions: [] } }],
    ["done", { done: { prefix: 1, exceptions: ["x"] } }],
  ];
  for (const [option, part] of spoilt) {
    const resume = { ...state!, ...part } as LoaderState;
    const error = assertThrows(() => loader({ resume }), ResumeMismatchError);
    assertEquals(error.option, option);
  }
});

Deno.test("a source that hands out something else than was asked for is refused", async () => {
  const { loader } = await fixture(4);
  for (
    const [fetched, message] of [
      [undefined, "a BlobBatch: received undefined"],
      [[picture(0)], "a BlobBatch: received a list"],
    ] as const
  ) {
    const source = new FakeSource(picture);
    source.fetch = () => Promise.resolve(fetched as unknown as BlobBatch);
    await using all = loader({ source });
    const error = await assertRejects(
      () => all[Symbol.asyncIterator]().next(),
      UsageError,
      message,
    );
    assertEquals(error.option, "source");
  }
  const source = new FakeSource(picture);
  const { fetch } = source;
  source.fetch = (ids) => fetch.call(source, ids.pick([0, 1]));
  await using all = loader({ source });
  await assertRejects(() => all[Symbol.asyncIterator]().next(), UsageError, "4 samples");
  source.fetch = async (ids) =>
    Object.defineProperty(await fetch.call(source, ids), "lengths", { value: undefined });
  await using other = loader({ source });
  await assertRejects(() => other[Symbol.asyncIterator]().next(), UsageError, "undefined lengths");
  assertEquals(source.alive, 0);
});

Deno.test("a loop that fails gives all buffers back", async () => {
  const { loader } = await fixture(8);
  const sizes = new FakeSource((sample) => picture(sample, 16 + sample));
  await using mixed = loader({ source: sizes, augment: [] });
  await assertRejects(() => mixed[Symbol.asyncIterator]().next(), ShapeError);
  assertEquals(mixed.stats().pool.lent, 0);
  const collect = () => {
    throw new TypeError("no labels today");
  };
  const labels: LabelReader<null> = { name: "x", accepts: ["int"], parse: Number, collect };
  for (const onCorrupt of ["throw", "skip", "mask"] as const) {
    const source = new FakeSource((sample) => (sample === 2 ? new Uint8Array(1) : picture(sample)));
    const failing = onCorrupt === "throw" ? {} : { source, onCorrupt };
    await using all = loader({ labels, ...failing });
    await assertRejects(() => all[Symbol.asyncIterator]().next(), TypeError, "no labels");
    assertEquals(all.stats().pool.lent, 0);
  }
});

Deno.test("all work on a lost device fails with DeviceLostError", async () => {
  const device = await requestDevice();
  const { loader } = await fixture(8);
  await using all = loader({ device, epochs: 10 });
  await assertRejects(async () => {
    for await (using batch of all) {
      device.destroy();
      await batch.images.read();
    }
  }, DeviceLostError);
  assertEquals(all.stats().pool.lent, 0);
  await using later = loader({ device });
  await assertRejects(() => later.warmUp(), DeviceLostError);
  await assertRejects(() => later.at(0), DeviceLostError);
});
