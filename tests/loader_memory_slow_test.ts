/** Failures leave nothing behind, however many there are. */
import { assert, assertEquals } from "@std/assert";
import { importFlags, path } from "../tools/imports.ts";

const PROGRAM = `
import { Loader, requestDevice, resize } from "./mod.ts";
import { idOf } from "./tests/loader_fixture.ts";
import { countedIds, FakeSource } from "./tests/pipeline/fake_source.ts";

const device = await requestDevice();
const gone = new FakeSource(() => null, () => Promise.reject(new Error("gone")));
const missing = new FakeSource(() => null);
const options = { device, ids: countedIds(4), batchSize: 4, augment: [resize(8)] };
await using first = new Loader({ ...options, source: gone });
await using second = new Loader({ ...options, source: missing });

async function fails(batches: AsyncIterable<Disposable>): Promise<void> {
  try {
    for await (using _ of batches);
  } catch {
    return;
  }
  throw new Error("there was no failure");
}

const KINDS = {
  "requests whose fetch fails": { most: 7000, atOnce: 50, fail: () => fails(first.request([idOf(1)])) },
  "requests whose sample is missing": { most: 2000, atOnce: 50, fail: () => fails(second.request([idOf(1)])) },
  "loaders": {
    most: 1000,
    atOnce: 5,
    async fail() {
      await using loader = new Loader({ ...options, source: gone });
      await fails(loader);
    },
  },
};

/** Bytes that V8 holds for what is in use. */
async function held(): Promise<number> {
  for (let i = 0; i < 5; i++) {
    (globalThis as unknown as { gc: () => void }).gc();
    await new Promise((done) => setTimeout(done, 5));
  }
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}

for (const [kind, { most, atOnce, fail }] of Object.entries(KINDS)) {
  const some = async (count: number) => {
    for (let i = 0; i < count; i += atOnce) await Promise.all(Array.from({ length: atOnce }, fail));
    gone.begun.length = missing.begun.length = 0;
  };
  await some(most / 10);
  const before = await held();
  await some(most);
  console.log(JSON.stringify({ kind, failures: most, bytes: (await held() - before) / most }));
}
device.destroy();
`;

Deno.test("memory stays flat over 10,000 failures of requests and loaders", async () => {
  const flags = await importFlags();
  const args = ["run", "-A", ...flags, "--v8-flags=--expose-gc", "--ext=ts", "-"];
  const program = new Deno.Command(Deno.execPath(), {
    args,
    cwd: path("."),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = program.stdin.getWriter();
  await writer.write(new TextEncoder().encode(PROGRAM));
  await writer.close();
  const { code, stdout, stderr } = await program.output();
  const [out, faults] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assertEquals(code, 0, faults);
  const lines = out.trim().split("\n").map((line) => JSON.parse(line));
  for (const { kind, failures, bytes } of lines) {
    console.log(`${failures} ${kind}: ${bytes.toFixed(0)} bytes each`);
    // What one left was 9,000 bytes for a request and 257,000 for a loader.
    assert(bytes < 500, `${kind}: ${bytes} bytes each`);
  }
  assertEquals(lines.reduce((sum, { failures }) => sum + failures, 0), 10_000);
});
