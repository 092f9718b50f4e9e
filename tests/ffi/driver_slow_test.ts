/** Which driver is found, fetched or refused, and what is said of it. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { notRun } from "../../tools/not_run.ts";
import { tempFolder } from "../../tools/temp.ts";
import { run, withDriver } from "./program.ts";
import { fakeDriver, lackingCompiler } from "./shim.ts";

const lacking = await lackingCompiler();
function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: notRun(name, lacking), fn });
}

const OPEN = (options = "") =>
  `try {
     const onWarning = (text) => console.log("warned:", text);
     const onInfo = (text) => console.log(text);
     await using source = await CassandraSource.open({ ...here, onWarning, onInfo, ${options} });
     using batch = await source.fetch(IdList.from(["00010000-0a00-0000-0500-000001000000"]));
     console.log("opened", source.name, batch.error(0)?.message ?? batch.label(0));
   } catch (error) { console.log(error.name + ": " + error.message, "option", error.option); }`;
/** What imports and a temporary folder take. */
const IMPORTS = ["--allow-read", "--allow-import", "--allow-sys"];

test("what is not permitted is named, and auto falls back", async () => {
  await withDriver(async (env) => {
    // Compiles the shim, so that only what is asked for is lacking.
    assertMatch((await run(OPEN('driver: "native"'), env)).stdout, /opened cassandra \(native\) 5/);
    const cases: [string, string[], RegExp][] = [
      ["ffi", ["--allow-env"], /--allow-ffi/],
      ["env", ["--allow-ffi"], /--allow-env/],
      ["run", ["--allow-ffi", "--allow-env", "--allow-write"], /run access.*--allow-run/],
      ["write", ["--allow-ffi", "--allow-env", "--allow-run"], /--allow-write/],
    ];
    for (const [what, flags, reason] of cases) {
      const cache = what === "run" || what === "write" ? tempFolder() : env.CASSETTE_CACHE;
      const own = { ...env, CASSETTE_CACHE: cache };
      const native = await run(OPEN('driver: "native"'), own, [...IMPORTS, ...flags]);
      assertMatch(native.stdout, /^NoDriverError: .*must be permitted/m, what);
      assertMatch(native.stdout, reason, what);
      const auto = await run(
        OPEN('contactPoints: ["127.0.0.1"], port: 9, connectTimeout: 500'),
        own,
        [...IMPORTS, "--allow-net", ...flags],
      );
      assertMatch(auto.stdout, /warned: The JavaScript driver is used.*must be permitted/, what);
      assertMatch(auto.stdout, /ConnectError: /, auto.stdout + auto.stderr);
    }
  });
});

test("a driver like ScyllaDB's in Rust is found by its names, and used", async () => {
  await withDriver(async ({ CASSETTE_CACHE }) => {
    const folder = tempFolder();
    for (const name of ["libscylladb.so", "libscylla-cpp-driver.so.0"]) {
      const library = await fakeDriver(join(folder, name), ["-DFAKE_RUST"]);
      const env = { CASSETTE_CACHE, LD_LIBRARY_PATH: folder };
      const log = 'logLevel: "debug", onLog: () => {}, maxInFlight: 20_000';
      const { stdout, stderr } = await run(OPEN(`driver: "native", ${log}`), env);
      assertMatch(stdout, new RegExp(`driver: ${name} \\(the system\\)`), stderr);
      assertMatch(stdout, /opened cassandra \(native\) 5/, stderr);
      await Deno.remove(library);
    }
  });
});

test("each driver that was tried is named with the reason why it did not load", async () => {
  await withDriver(async ({ CASSETTE_CACHE }) => {
    const folder = tempFolder();
    await Deno.writeTextFile(join(folder, "libcassandra.so.2"), "no library");
    await Deno.symlink("/lib/x86_64-linux-gnu/libm.so.6", join(folder, "libscylladb.so"))
      .catch(() => {});
    const { stdout } = await run(OPEN('driver: "native"'), {
      CASSETTE_CACHE: join(CASSETTE_CACHE, "..", "other"),
      LD_LIBRARY_PATH: folder,
      CASSETTE_FETCH_DRIVER: "never",
    });
    assertMatch(
      stdout,
      /NoDriverError: .*CASSETTE_FETCH_DRIVER must allow.*received "never".*To get one, install/,
    );
    assertMatch(stdout, /libcassandra\.so\.2: .*(too short|invalid ELF)/);
    assertMatch(stdout, /not found: .*libcassandra\.so, .*libscylla-cpp-driver\.so\.0/);
    assertMatch(stdout, /\/usr\/local\/lib\/libcassandra\.so\.2/);
  });
});

test("a fetched driver is announced before, and one that was changed is not loaded", async () => {
  await withDriver(async ({ CASSETTE_CACHE }) => {
    const cache = join(CASSETTE_CACHE, "..", "fetching");
    const bin = tempFolder();
    // A pip that fetches nothing: what is said before it is called is what matters.
    await Deno.writeTextFile(
      join(bin, "python3"),
      `#!/bin/sh
       case "$*" in
         *--version*) echo pip;;
         *sysconfig*) ;;
         *) echo "no network here" >&2; exit 1;;
       esac`,
      { mode: 0o755 },
    );
    const env = {
      CASSETTE_CACHE: cache,
      CASSETTE_FETCH_DRIVER: "",
      PATH: `${bin}:${Deno.env.get("PATH")}`,
    };
    const { stdout } = await run(OPEN('driver: "native"'), env);
    if (/shared library of Python/.test(stdout)) return; // No Python library, so nothing is fetched.
    const announced = stdout.indexOf("warned: There is no Cassandra C++ driver");
    assert(announced >= 0 && announced < stdout.indexOf("no network here"), stdout);
    assertMatch(stdout, /acsylla 1\.2\.0 \(7 MB\) from the Python package index by pip/);
    assertMatch(stdout, /kept in .*fetching.*CASSETTE_FETCH_DRIVER=never forbids this/);
    const version = /module for Python ([\d.]+)/.exec(stdout)![1];
    const folder = join(cache, `driver-acsylla-1.2.0-python${version}-${Deno.build.arch}`);
    await Deno.mkdir(join(folder, "acsylla", "_cython"), { recursive: true });
    await Deno.writeTextFile(join(folder, "acsylla", "_cython", "evil.so"), "not a driver");
    const changed = await run(OPEN('driver: "native"'), { ...env, CASSETTE_FETCH_DRIVER: "never" });
    assertMatch(changed.stdout, /evil\.so: is not what was fetched, as its SHA-256 is another/);
    const other = await run(OPEN('driver: "native"'), { ...env, CASSETTE_FETCH_DRIVER: "maybe" });
    assertMatch(
      other.stdout,
      /CASSETTE_FETCH_DRIVER must be "never" or left out: received "maybe"/,
    );
    assertEquals(other.stdout.includes("warned"), false);
  });
});
