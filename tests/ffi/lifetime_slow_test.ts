/** What is left of sources, batches and workers that end in other ways than by dispose. */
import { assertEquals } from "@std/assert";
import { notRun } from "../../tools/not_run.ts";
import { run, withDriver } from "./program.ts";
import { lackingCompiler } from "./shim.ts";

const lacking = await lackingCompiler();

/** Ids of blobs that come after some milliseconds, as the driver without a database reads them. */
const IDS = `const idsOf = (count, delay, length = 4096) => IdList.from(
  Array.from({ length: count }, (_, i) => {
    const bytes = new DataView(new ArrayBuffer(16));
    bytes.setUint8(1, delay);
    bytes.setUint32(4, length, true);
    bytes.setInt32(8, 5, true);
    bytes.setUint32(12, i, true);
    return new Uint8Array(bytes.buffer).toHex()
      .replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
  }));
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const open = (options) => CassandraSource.open({ ...here, driver: "native", ...options });
const collect = async () => {
  for (let i = 0; i < 10; i++) {
    gc();
    await pause(20);
  }
};
`;
const GC = ["-A", "--v8-flags=--expose-gc"];

function test(name: string, text: string, expected: string): void {
  Deno.test({
    name,
    ignore: notRun(name, lacking),
    fn: () =>
      withDriver(async (env) => {
        const { code, stdout, stderr } = await run(IDS + text, env, GC);
        console.log(stderr.trim());
        assertEquals([code, stdout], [0, expected], stderr);
      }),
  });
}

test(
  "25 workers that are terminated leave no thread, no connection and no memory",
  `if (self.name === "fetcher") {
     const source = await open();
     const kept = await source.fetch(idsOf(64, 1));
     kept.bytes[0] = 1;
     for (let i = 0; i < 4; i++) source.fetch(idsOf(64, 60)).catch(() => {});
     setTimeout(() => self.postMessage("under way"), 5);
   } else {
     await open().then((source) => source[Symbol.asyncDispose]());
     let before = 0, held = 0;
     for (let i = 0; i < 30; i++) {
       const worker = new Worker(import.meta.url, { type: "module", name: "fetcher" });
       await new Promise((resolve) => worker.onmessage = resolve);
       worker.terminate();
       await pause(i % 3 * 40);
       if (i === 4) {
         await pause(1500);
         [before, held] = [threads(), memory()];
       }
     }
     const more = await threadsBeyond(before + 2);
     await collect();
     console.error("threads", before, threads(), "MiB", held, memory());
     console.log(more, memory() - held < 60);
     Deno.exit(0);
   }`,
  "0 true\n",
);

test(
  "sources that nobody disposes of are closed when they are collected",
  `const cycle = async () => {
     const source = await open();
     const batch = await source.fetch(idsOf(64, 1));
     if (batch.blob(3).length !== 4096) throw new Error("wrong");
   };
   await cycle();
   await collect();
   const before = threads();
   for (let i = 0; i < 40; i++) await cycle();
   const most = threads();
   await collect();
   const more = await threadsBeyond(before + 2);
   console.error("threads", before, most, threads());
   console.log(most > before + 20, more);`,
  "true 0\n",
);

test(
  "a blob that is moved to a worker stays what it is there, and its memory goes with it",
  `if (self.name === "reader") {
     let moved = 0;
     self.onmessage = async ({ data }) => {
       await pause(20);
       const right = data.every((byte, i) => byte === (i + 5) % 256);
       data.fill(9); // It is the worker's own.
       self.postMessage(right);
       data = undefined;
       if (++moved % 4 === 0) await collect();
     };
   } else {
     const worker = new Worker(import.meta.url, { type: "module", name: "reader" });
     await using source = await open();
     const ids = idsOf(16, 0, 1 << 20);
     let [right, empty] = [0, 0];
     const move = async (dispose) => {
       const batch = await source.fetch(ids);
       const blob = batch.blob(3);
       const answer = new Promise((resolve) => worker.onmessage = resolve);
       worker.postMessage(blob, [blob.buffer]);
       empty += batch.blob(3).length + batch.bytes.length + blob.length;
       if (dispose) batch[Symbol.dispose]();
       using next = await source.fetch(ids);
       if (next.blob(0)[7] !== 12) throw new Error("overwritten");
       right += (await answer).data;
     };
     await move(true);
     const [before, growth] = [memory(), new Growth(10)];
     for (let i = 0; i < 60; i++) {
       await move(i % 3 > 0);
       if (i % 4 === 0) await collect();
       growth.take();
     }
     await collect();
     console.error("MiB", before, memory(), "arenas", source.stats().arenaBytes / 2 ** 20);
     console.log(right, empty, growth.grown < 200, source.stats().arenaBytes < 64 << 20);
     worker.terminate();
   }`,
  "61 0 true true\n",
);

test(
  "a driver that never closes holds up no dispose",
  `for (const contact of ["never-closes", "here"]) {
     const source = await open({ contactPoints: [contact] });
     const never = "38000000-0000-0000-0000-000000000001"; // FAKE_NEVER
     const under = source.fetch(IdList.from([never])).catch((error) => error.name);
     const begin = performance.now();
     await source[Symbol.asyncDispose]();
     const seconds = (performance.now() - begin) / 1000;
     console.log(await under, seconds < 12);
   }
   Deno.exit(0);`,
  "DisposedError true\nDisposedError true\n",
);
