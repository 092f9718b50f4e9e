/** Programs that end in ways of their own, over the real driver and a real server. */
import { assert, assertEquals } from "@std/assert";
import { notRun } from "../../tools/not_run.ts";
import { cacheFolder } from "../../src/ffi/cache.ts";
import { run } from "../ffi/program.ts";
import { connect, createTable, KEYSPACE, putRows } from "./tables.ts";
import { lackingNative } from "./native.ts";
import { testServer } from "./server.ts";

const { server, lacking } = await testServer();
const noNative = await lackingNative();
const TABLE = `${KEYSPACE}.exits`;

// Blobs go back to the system as they are freed: what glibc keeps for later would count as held.
const ENVIRONMENT = { DENO_V8_FLAGS: "--expose-gc", MALLOC_MMAP_THRESHOLD_: "16384" };

const programs: [string, string, number, string][] = [
  [
    "exit in the middle of a fetch is no crash",
    `const source = await open();
     for (let i = 0; i < 20; i++) source.fetch(ids).catch(() => {});
     await new Promise((done) => setTimeout(done, 5));
     console.log("leaving");
     Deno.exit(7);`,
    7,
    "leaving\n",
  ],
  [
    "an error in the middle of a fetch is no crash",
    `await using source = await open();
     for (let i = 0; i < 20; i++) source.fetch(ids).catch(() => {});
     console.log("failing");
     throw new Error("on purpose");`,
    1,
    "failing\n",
  ],
  [
    "opening and disposing thirty times leaves no thread behind",
    `let before;
     for (let i = 0; i < 30; i++) {
       await using source = await open();
       using batch = await source.fetch(ids);
       if (batch.failures > 0) throw batch.error(0);
       source.fetch(ids).then((late) => late[Symbol.dispose](), () => {});
       if (i === 4) before = threads();
     }
     console.log(await threadsBeyond(before));`,
    0,
    "0\n",
  ],
  [
    "a source that is not disposed of lets the process end",
    `const source = await open();
     const batch = await source.fetch(ids);
     source.fetch(ids).catch(() => {});
     console.log("last line", batch.length, batch.failures);`,
    0,
    "last line 200 0\n",
  ],
  [
    "memory stays flat over twenty epochs",
    `await using source = await open();
     const rss = [], held = [];
     for (let epoch = 0; epoch < 22; epoch++) {
       for (let i = 0; i < 3; i++) {
         const batches = await Promise.all([1, 2, 3, 4].map(() => source.fetch(ids)));
         for (const batch of batches) batch[Symbol.dispose]();
       }
       // Memory of buffers is given back a while after they are collected, on another thread.
       for (let i = 0; i < 3; i++) {
         gc();
         await new Promise((done) => setTimeout(done, 20));
       }
       if (epoch < 2) continue;
       const used = Deno.memoryUsage();
       rss.push(Math.round(used.rss / 2 ** 20));
       held.push(Math.round((used.heapUsed + used.external) / 2 ** 20));
     }
     console.error("RSS in MiB: " + rss.join(" ") + "; held by JavaScript: " + held.join(" "));
     const growth = (all) => Math.min(...all.slice(10)) - Math.min(...all.slice(0, 10));
     // An epoch is 46 MiB, a batch 4. Blobs of the JavaScript driver lie in V8's memory, where what
     // is held can be counted; its RSS also has garbage that V8 has not given back yet.
     console.log(growth(held) < 3 && growth(rss) < (driver === "native" ? 20 : 46));`,
    0,
    "true\n",
  ],
];

for (const driver of ["native", "js"]) {
  for (const [what, text, code, stdout] of programs) {
    const name = `cassandra, ${driver} driver: ${what}`;
    Deno.test({
      name,
      ignore: notRun(name, lacking ?? (driver === "native" ? noNative : undefined)),
      async fn() {
        const ids = Array.from({ length: 200 }, () => crypto.randomUUID());
        await using client = await connect(server!);
        await createTable(client, TABLE);
        const data = new Uint8Array(20_000);
        await putRows(client, TABLE, ids.map((id) => ({ id, data, label: 1, mask: null })));
        const options = JSON.stringify({ ...server!, table: TABLE, driver });
        const found = await run(
          `const ids = IdList.from(${JSON.stringify(ids)});
           const driver = "${driver}";
           const open = () => CassandraSource.open(${options});
           ${text}`,
          { ...ENVIRONMENT, CASSETTE_CACHE: cacheFolder() },
        );
        assertEquals([found.code, found.stdout], [code, stdout], found.stderr);
        const { lingered } = found;
        assert(lingered < 30, `it ended ${lingered} s after its last line: something held it`);
      },
    });
  }
}
