import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Loader, type LoaderStages, MissingSampleError } from "../mod.ts";
import { damaged, fixture, picture, TEXT } from "./loader_fixture.ts";

const ORDER = ["fetch", "fetched", "submit", "gpu", "ready"] as const;

function depths(stages: LoaderStages): number[] {
  return ORDER.map((name) => stages[name].depth);
}

async function drain(loader: Loader<unknown>): Promise<void> {
  for await (using _batch of loader);
}

Deno.test("a loader's stages have counted nothing before its first loop", async () => {
  const { loader } = await fixture(3);
  await using one = loader();
  const { stages } = one.stats();
  assertEquals(Object.keys(stages), [...ORDER]);
  for (const name of ORDER) {
    const { latency, ...counts } = stages[name];
    assertEquals({ ...counts, ...latency }, {
      batches: 0,
      samples: 0,
      bytes: 0,
      busy: 0,
      rate: 0,
      depth: 0,
      p50: 0,
      p99: 0,
    });
  }
});

Deno.test("each stage counts every sample, its bytes, its time and none that stays in it", async () => {
  const { loader } = await fixture(10);
  await using one = loader({ epochs: 2 });
  const begin = performance.now();
  await drain(one);
  const elapsed = performance.now() - begin;
  const { stages, samples } = one.stats();
  const blobs = Array.from({ length: 10 }, (_, i) => picture(i).length);
  const blobBytes = 2 * blobs.reduce((sum, length) => sum + length);
  const imageBytes = 20 * 3 * 8 * 8;
  assertEquals(samples, 20);
  for (const name of ORDER) {
    const { batches, samples, bytes, busy, rate, latency, depth } = stages[name];
    const expected = name === "gpu" || name === "ready" ? imageBytes : blobBytes;
    assertEquals([name, batches, samples, bytes, depth], [name, 6, 20, expected, 0]);
    assert(busy > 0 && busy <= elapsed, `${name}: busy for ${busy} of ${elapsed} ms`);
    assertEquals(rate, 20 / busy * 1000);
    // The histogram is at most a tenth off.
    assert(latency.p50 > 0 && latency.p50 <= latency.p99, `${name}: ${JSON.stringify(latency)}`);
    assert(latency.p99 <= elapsed * 1.1, `${name}: ${latency.p99} of ${elapsed} ms`);
  }
});

Deno.test("counts of stages only grow, and no stage is ahead of the one before it", async () => {
  const { loader } = await fixture(40);
  await using one = loader();
  let before = one.stats().stages;
  for await (using _batch of one) {
    const { stages } = one.stats();
    for (const [i, name] of ORDER.entries()) {
      for (const key of ["batches", "samples", "bytes", "busy"] as const) {
        assert(stages[name][key] >= before[name][key], `${key} of ${name}`);
      }
      if (i > 0) assert(stages[name].samples <= stages[ORDER[i - 1]].samples, name);
    }
    before = stages;
  }
  const parsed = JSON.parse(JSON.stringify(one.stats().stages));
  assertEquals(parsed, one.stats().stages);
});

Deno.test("a stage tells what is in it now: what is held back, what waits, what nobody takes", async () => {
  const never = Promise.withResolvers<void>();
  const gate = (fetch: number) => (fetch < 6 ? Promise.resolve() : never.promise);
  const { loader } = await fixture(40, picture, gate);
  await using one = loader({ prefetch: 3 });
  for await (using _batch of one) {
    // Four batches are made ahead; of the three that are fetched ahead, two are held back.
    const full = () => depths(one.stats().stages).join() === "2,1,0,0,4";
    for (let i = 0; i < 5_000 && !full(); i++) await new Promise((done) => setTimeout(done, 2));
    assertEquals(depths(one.stats().stages), [2, 1, 0, 0, 4]);
    break;
  }
  assertEquals(depths(one.stats().stages), [0, 0, 0, 0, 0]);
});

Deno.test("samples that fail are counted where they were still there, and nothing stays behind", async () => {
  // Of eight pictures 2 is missing, 5 is text and 6 is cut off.
  const { loader } = await fixture(8, damaged);
  await using masking = loader({ onCorrupt: "mask" });
  await drain(masking);
  const counts = (stages: LoaderStages) => ORDER.map((name) => stages[name].samples);
  assertEquals(counts(masking.stats().stages), [7, 7, 7, 8, 8]);
  await using skipping = loader({ onCorrupt: "skip" });
  await drain(skipping);
  assertEquals(counts(skipping.stats().stages), [7, 7, 7, 5, 5]);
  await using throwing = loader();
  await assertRejects(() => drain(throwing), MissingSampleError);
  assertEquals(depths(throwing.stats().stages), [0, 0, 0, 0, 0]);
});

Deno.test("a fetch that fails as a whole leaves no stage with a batch in it", async () => {
  const { loader } = await fixture(8, picture, () => Promise.reject(new Error("gone")));
  await using one = loader();
  await assertRejects(() => drain(one), Error, "gone");
  const { stages } = one.stats();
  assertEquals([stages.fetch.batches, ...depths(stages)], [0, 0, 0, 0, 0, 0]);
});

Deno.test("images that keep sizes of their own are counted in bytes too", async () => {
  const { loader } = await fixture(3, (i) => (i === 1 ? TEXT : picture(i)));
  const output = { layout: "NHWC", dtype: "u8", ragged: true } as const;
  await using one = loader({ augment: [], output, onCorrupt: "mask" });
  await drain(one);
  assertEquals(one.stats().stages.ready.bytes, 2 * 3 * 24 * 16);
});
