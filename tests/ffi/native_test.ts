/** The native driver as a user's program meets it; the database is the one in fake_driver.c. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { notRun } from "../../tools/not_run.ts";
import { ROOT, run, withDriver } from "./program.ts";
import { lackingCompiler } from "./shim.ts";
import { tempFolder } from "../../tools/temp.ts";

const lacking = await lackingCompiler();
function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: notRun(name, lacking), fn });
}

const OPEN = (options = "") =>
  `try {
     await using source = await CassandraSource.open({ ...here, ${options} });
     console.log("opened", source.name);
   } catch (error) { console.log(error.name + ": " + error.message, "option", error.option); }`;

test("without a compiler there is a NoCompilerError that says how to get one", async () => {
  const { stdout } = await run(OPEN('driver: "native"'), { CC: "no-such-compiler" });
  assertMatch(
    stdout,
    /^NoCompilerError: .*what CC names: received no-such-compiler.*option driver/,
  );
  const failing = await run(OPEN('driver: "native"'), { CC: "false" });
  assertMatch(failing.stdout, /^NoCompilerError: /);
});

test("a driver that is not one is a NoDriverError that names it", async () => {
  const absent = await run(OPEN('driver: "native"'), { CASSETTE_DRIVER: "/no/such/driver.so" });
  assertMatch(absent.stdout, /^NoDriverError: .*\/no\/such\/driver\.so, which does not exist/);
  const other = await run(OPEN('driver: "native"'), { CASSETTE_DRIVER: Deno.execPath() });
  assertMatch(other.stdout, /^NoDriverError: .*CASSETTE_DRIVER must be one/);
});

test("without a way to get a driver there is a NoDriverError that says how", async () => {
  const folder = tempFolder();
  const cc = await new Deno.Command("sh", { args: ["-c", "command -v cc"] }).output();
  // Nothing but the compiler is found by name, so there is no Python to fetch a driver with.
  await Deno.writeTextFile(
    `${folder}/cc`,
    `#!/bin/sh\nPATH=${Deno.env.get("PATH")} exec ${
      new TextDecoder().decode(cc.stdout).trim()
    } "$@"\n`,
    { mode: 0o755 },
  );
  const { stdout } = await run(OPEN('driver: "native"'), { PATH: folder });
  assertMatch(stdout, /^NoDriverError: .*CASSETTE_DRIVER.*driver: "js"/);
});

test("auto falls back to the JavaScript driver and warns", async () => {
  const { stdout } = await run(
    OPEN(
      'contactPoints: ["127.0.0.1"], port: 9, onWarning: (text) => console.log("warned:", text)',
    ),
    { CC: "no-such-compiler" },
  );
  assertMatch(stdout, /^warned: The JavaScript driver is used.*C compiler/);
  assertMatch(stdout, /ConnectError/);
});

test("the shim is compiled once, and what was chosen is said", async () => {
  await withDriver(async ({ CASSETTE_DRIVER }) => {
    const env = { CASSETTE_DRIVER, CASSETTE_CACHE: tempFolder() };
    const text = OPEN('driver: "native", onInfo: (text) => console.log(text)');
    const first = await run(text, env);
    assertMatch(first.stdout, /shim: .*compiled with.*\ndriver: .*CASSETTE_DRIVER/);
    assertMatch(first.stdout, /opened cassandra \(native\)/);
    const second = await run(text, { ...env, CC: "no-such-compiler" });
    assertMatch(second.stdout, /opened cassandra \(native\)/);
  });
});

test("a source that is not disposed of lets the process end", async () => {
  await withDriver(async (env) => {
    const { code, stdout, stderr, lingered } = await run(
      `const source = await CassandraSource.open({ ...here, driver: "native" });
       // Each takes 200 ms; nobody awaits the second fetch, the first batch is kept.
       const slow = "00c80000-0a00-0000-0500-000001000000";
       const batch = await source.fetch(IdList.from([slow]));
       source.fetch(IdList.from(Array(50).fill(slow))).catch(() => {});
       console.log("last line", batch.blob(0).length, batch.label(0));`,
      env,
    );
    assertEquals([code, stdout], [0, "last line 10 5\n"], stderr);
    assert(lingered < 10, `it ended ${lingered} s after its last line`);
  });
});

test("process exit in the middle of a fetch is no crash", async () => {
  await withDriver(async (env) => {
    const { code, stderr } = await run(
      `const source = await CassandraSource.open({ ...here, driver: "native" });
       const ids = IdList.from(Array.from({ length: 2000 }, (_, i) =>
         "000" + i % 10 + "0000-0010-0000-0500-0000" + i.toString(16).padStart(8, "0")));
       for (let i = 0; i < 5; i++) source.fetch(ids).catch(() => {});
       await new Promise((done) => setTimeout(done, 20));
       Deno.exit(7);`,
      env,
    );
    assertEquals(code, 7, stderr);
  });
});

test("a worker that ends in the middle of a fetch takes nothing with it", async () => {
  await withDriver(async (env) => {
    const { code, stdout, stderr } = await run(
      `if (self.name === "fetcher") {
         const ids = IdList.from(Array.from({ length: 64 }, (_, i) =>
           "003c0000-0010-0000-0500-0000" + i.toString(16).padStart(8, "0")));
         const source = await CassandraSource.open({ ...here, driver: "native" });
         for (let i = 0; i < 4; i++) source.fetch(ids).catch(() => {});
         setTimeout(() => self.postMessage("under way"), 5);
       } else {
         for (let i = 0; i < 10; i++) {
           const worker = new Worker(import.meta.url, { type: "module", name: "fetcher" });
           await new Promise((resolve) => worker.onmessage = resolve);
           worker.terminate();
           await new Promise((resolve) => setTimeout(resolve, i % 3 * 40));
         }
         await new Promise((resolve) => setTimeout(resolve, 200));
         console.log("all ended");
       }`,
      env,
    );
    assertEquals([code, stdout], [0, "all ended\n"], stderr);
  });
});

test("a fetch that begins as another ends is picked up", async () => {
  await withDriver(async (env) => {
    const { code, stdout, stderr } = await run(
      `import { loadNative } from "${new URL("src/ffi/native.ts", ROOT)}";
       import { NativeSession } from "${new URL("src/ffi/session.ts", ROOT)}";
       const session = new NativeSession(await loadNative(), { connect: 9e3, request: 9e3 });
       session.set("contact_points", "here");
       await session.connect();
       await session.prepare("SELECT data, id");
       const { bytes } = IdList.from(["00000100-1000-0000-0500-000000000001"]);
       setTimeout(() => { console.log("stuck"); Deno.exit(1); }, 60_000);
       for (let turns = 0; turns < 10; turns++) {
         let last = session.fetch(bytes).then((batch) => batch.release());
         for (let i = 0; i < turns; i++) last = last.then(() => {});
         await last;
         await session.fetch(bytes).then((batch) => {
           batch.release();
           return session.fetch(bytes);
         }).then((batch) => batch.release());
       }
       await session.close(new Error("closed"));
       console.log("done");
       Deno.exit(0);`,
      env,
    );
    assertEquals([code, stdout], [0, "done\n"], stderr);
  });
});

test("lies of a driver and blobs that are too large are an error of each sample", async () => {
  await withDriver(async (env) => {
    const { code, stdout, stderr } = await run(
      `const source = await CassandraSource.open({ ...here, driver: "native", maxBlobBytes: 9 });
       const what = { large: "00", noResult: "20", noColumn: "23", otherId: "30", good: "00" };
       const ids = Object.entries(what).map(([name, code], i) =>
         code + "000000-0" + (name === "large" ? "a" : "9") + "00-0000-0500-00000000000" + i);
       using batch = await source.fetch(IdList.from(ids));
       for (let i = 0; i < ids.length; i++) {
         const { name, code, message, sampleId, option } = batch.error(i) ?? {};
         console.log(name, code, sampleId === ids[i], option, message?.replace(/^.* as /, ""));
       }
       await source[Symbol.asyncDispose]();`,
      env,
    );
    assertEquals(code, 0, stderr);
    assertEquals(stdout.split("\n"), [
      "LimitsError LIMITS true maxBlobBytes its data must have at most 9 bytes (maxBlobBytes): received 10 bytes",
      "FetchError FETCH true undefined the server must answer with a row: received an answer without a result",
      "FetchError FETCH true undefined the server must answer with a row: received a row without an id",
      "FetchError FETCH true undefined the server must answer with a row: received the row of another id",
      "undefined undefined false undefined undefined",
      "",
    ]);
  });
});

test("counters can be read during dispose and after it", async () => {
  await withDriver(async (env) => {
    const { code, stdout, stderr } = await run(
      `const ids = IdList.from(Array.from({ length: 50 }, (_, i) =>
         "00010000-0a00-0000-0500-0000" + i.toString(16).padStart(8, "0")));
       let reads = 0;
       for (let i = 0; i < 30; i++) {
         const source = await CassandraSource.open({ ...here, driver: "native" });
         (await source.fetch(ids))[Symbol.dispose]();
         source.fetch(ids).catch(() => {});
         let open = true;
         const disposed = source[Symbol.asyncDispose]().then(() => open = false);
         while (open) {
           for (let k = 0; k < 50; k++, reads++) source.stats();
           await new Promise((done) => setTimeout(done));
         }
         await disposed;
         const { delivered, requested, latency } = source.stats();
         if (delivered < 50 || requested !== 100 || !(latency.p50 > 0)) throw new Error("wrong");
       }
       console.log(reads > 30 * 50);`,
      env,
    );
    assertEquals([code, stdout], [0, "true\n"], stderr);
  });
});

test("the report says what is missing and how to get it, and never throws", async () => {
  const { code, stdout, stderr } = await run(
    `import { reportNative } from "${new URL("src/ffi/report.ts", ROOT)}";
     for (const load of [false, true]) {
       for (const { name, ok, detail } of await reportNative(load)) console.log(name, ok, detail);
     }`,
    { CC: "no-such-compiler", CASSETTE_DRIVER: "/no/such/driver.so" },
  );
  assertEquals(code, 0, stderr);
  assertMatch(stdout, /^compiler false none; install gcc/m);
  assertMatch(stdout, /^shim false not compiled yet/m);
  assertEquals(stdout.match(/^(libpython|pip) (true|false) ./gm)?.length, 4);
  assertMatch(stdout, /^driver false .*\/no\/such\/driver\.so, which does not exist/m);
  assertMatch(stdout, /^driver false Cannot build the fetch shim/m);
});

test("opening and disposing many times leaves nothing behind", async () => {
  await withDriver(async (env) => {
    const { code, stdout, stderr } = await run(
      `const ids = IdList.from(Array.from({ length: 100 }, (_, i) =>
         "00010000-0010-0000-0500-0000" + i.toString(16).padStart(8, "0")));
       const cycle = async (abort) => {
         await using source = await CassandraSource.open({ ...here, driver: "native" });
         using batch = await source.fetch(ids);
         if (batch.failures !== 0) throw new Error("failed");
         const dispose = (batch) => batch[Symbol.dispose]();
         const stop = new AbortController();
         source.fetch(ids, { signal: stop.signal }).then(dispose, () => {});
         source.fetch(ids).then(dispose, () => {});
         if (abort) stop.abort();
       };
       for (let i = 0; i < 60; i++) await cycle(i % 2);
       const [before, growth] = [threads(), new Growth(40)];
       for (let i = 0; i < 200; i++) {
         await cycle(i % 2);
         growth.take();
       }
       console.error("grown by", growth.grown, "MiB");
       console.log(await threadsBeyond(before + 2), growth.grown < 20);`,
      env,
    );
    assertEquals([code, stdout], [0, "0 true\n"], stderr);
  });
});
