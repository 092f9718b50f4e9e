import { assert, assertEquals, assertRejects } from "@std/assert";
import { WorkerPool } from "../../src/codec/worker_pool.ts";
import { DisposedError } from "../../src/errors.ts";

/** Answers with what it was told and when it was at it, after so many milliseconds without a pause. */
const PROGRAM = `import { parentPort } from "node:worker_threads";
parentPort.on("message", ({ ms, value }) => {
  if (value === "die") throw new Error("dead");
  const now = () => performance.timeOrigin + performance.now();
  const begin = now();
  while (now() < begin + ms);
  const result = { value, begin, end: now() };
  parentPort.postMessage(value === "bad" ? { fault: { message: "bad" } } : { result });
});`;

function pool(workers: number, bytes = Infinity): WorkerPool {
  return new WorkerPool(PROGRAM, { workers, bytes });
}

type Fault = { message: string };

/** What a task was told, and when it was done. */
interface Done {
  value: unknown;
  begin: number;
  end: number;
}

/** Has a pool do something. */
function ask(
  pool: WorkerPool,
  value: unknown,
  { ms = 0, bytes = 1, signal }: { ms?: number; bytes?: number; signal?: AbortSignal } = {},
) {
  const make = () => ({ message: { ms, value }, transfer: [] });
  return pool.run<Done, Fault>(make, bytes, signal);
}

Deno.test("a pool of workers gives each task its answer, and a fault its own", async () => {
  using workers = pool(2);
  assertEquals(workers.size, 0);
  const answers = await Promise.all([1, "bad", 3, 4].map((value) => ask(workers, value)));
  assertEquals(answers.map(({ result, fault }) => result?.value ?? fault?.message), [
    1,
    "bad",
    3,
    4,
  ]);
  assertEquals([workers.size, workers.pending], [2, 0]);
});

Deno.test("a pool has at most its number of tasks, and its bytes, under way", async () => {
  for (
    const { workers: most, bytes, sizes, expected } of [
      { workers: 2, bytes: Infinity, sizes: [1, 1, 1, 1, 1, 1], expected: 2 },
      { workers: 4, bytes: 10, sizes: [5, 5, 5, 5, 5, 5], expected: 2 },
      { workers: 4, bytes: 10, sizes: [99, 1, 99, 1, 99, 1], expected: 1 },
    ]
  ) {
    using workers = pool(most, bytes);
    const ended = await Promise.all(
      sizes.map((size, i) => ask(workers, i, { ms: 20, bytes: size })),
    );
    const done = ended.map(({ result }) => result!);
    const under = done.map(({ begin }) =>
      done.flatMap((other, i) => (other.begin <= begin && begin < other.end ? [sizes[i]] : []))
    );
    assertEquals(Math.max(...under.map(({ length }) => length)), expected);
    for (const together of under) {
      const sum = together.reduce((sum, size) => sum + size, 0);
      assert(sum <= bytes || together.length === 1, `${together} of ${bytes} bytes`);
    }
    assert(workers.size <= most);
  }
});

Deno.test("an abort ends a task that waits, and one in its middle, and no other", async () => {
  using workers = pool(1);
  const [running, waiting] = [new AbortController(), new AbortController()];
  const reason = new Error("enough");
  // It would take an hour.
  const first = ask(workers, 1, { ms: 3_600_000, signal: running.signal });
  const second = ask(workers, 2, { signal: waiting.signal });
  const third = ask(workers, 3);
  waiting.abort(reason);
  assertEquals(await assertRejects(() => second), reason);
  running.abort(reason);
  assertEquals(await assertRejects(() => first), reason);
  assertEquals((await third).result?.value, 3);
  assertEquals(await assertRejects(() => ask(workers, 4, { signal: running.signal })), reason);
});

Deno.test("a worker that dies fails its task alone", async () => {
  using workers = pool(1);
  const dying = ask(workers, "die");
  const next = ask(workers, 5);
  const error = await assertRejects(() => dying);
  assert(error instanceof Error && error.message.includes("dead"), `${error}`);
  assertEquals((await next).result?.value, 5);
});

Deno.test("a pool that is disposed of fails what it was asked for, and takes no more", async () => {
  const workers = pool(1);
  const asked = [ask(workers, 1, { ms: 3_600_000 }), ask(workers, 2)];
  workers[Symbol.dispose]();
  for (const task of asked) await assertRejects(() => task, DisposedError);
  await assertRejects(() => ask(workers, 3), DisposedError);
  assertEquals([workers.size, workers.pending], [0, 0]);
});

Deno.test("a program that forgets its workers ends, and needs no permission for them", async () => {
  const url = JSON.stringify(import.meta.resolve("../../src/codec/cpu_decoder.ts"));
  const png =
    "iVBORw0KGgoAAAANSUhEUgAAAAcAAAAFAgMAAAD09B5LAAAACVBMVEUAAAD/AAAA/wD0g79+AAAAF0lEQVR4" +
    "nGOU8GDxVGZSncIo4cHiqQwAEWwCXj2o5rUAAAAASUVORK5CYII=";
  const program = `import { CpuDecoder } from ${url};
    const decoder = new CpuDecoder();
    const file = Uint8Array.fromBase64("${png}");
    const words = await decoder.picture(file, decoder.header(file), 7);
    console.log(words.length, decoder.workers);`;
  const folder = await Deno.makeTempDir();
  const path = `${folder}/main.ts`;
  try {
    await Deno.writeTextFile(path, program);
    const start = performance.now();
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--no-config", "--no-lock", "--no-check", path],
      env: { NO_COLOR: "1" },
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    assertEquals(new TextDecoder().decode(stdout).trim(), "35 1");
    // A worker that kept it alive would do so until it has been idle for five seconds.
    assert(performance.now() - start < 5000);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
