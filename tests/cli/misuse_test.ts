import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { importFlags, path } from "../../tools/imports.ts";
import { cassette } from "./command.ts";
import { tempFolder } from "../../tools/temp.ts";

Deno.test("cassette tells what files it cannot use in one line, without a stack", async () => {
  const dir = tempFolder();
  const file = join(dir, "file");
  await Deno.writeTextFile(file, "path,label\n");
  await Deno.rename(file, `${file}.csv`);
  await Deno.writeTextFile(file, "no folder");
  const database = join(dir, "set.sqlite");
  assertEquals((await cassette(["init", "--sqlite", database])).code, 0);
  const runs: [RegExp, string[], Record<string, string>?][] = [
    [/^UsageError: .*--out must be a folder/, ["decode", "--out", file, "x.jpg"]],
    [/^AlreadyExists: /, ["demo", "--out", file]],
    [/^UsageError: Cannot write .*x\.list as /, [
      "list",
      "--sqlite",
      database,
      "--out",
      join(dir, "none", "x.list"),
    ]],
    [/^UsageError: Cannot write .* as a folder is there/, [
      "list",
      "--sqlite",
      database,
      "--out",
      dir,
    ]],
    [/a line for each picture/, ["ingest", `${file}.csv`, "--sqlite", database]],
    [/regular expression/, ["ingest", dir, "--sqlite", database, "--path-columns", "("]],
    [
      /CASSANDRA_PASSWORD_FILE must name a file/,
      ["list", "--cassandra", "127.0.0.1", "--out", join(dir, "x.list")],
      { CASSANDRA_USERNAME: "user", CASSANDRA_PASSWORD_FILE: join(dir, "none") },
    ],
  ];
  await Promise.all(runs.map(async ([expected, args, env]) => {
    const { code, out, err } = await cassette(args, env);
    assertEquals([code, out, err.length], [1, "", 1], `${args}: ${err.join("\n")}`);
    assert(expected.test(err[0]), `${args}: ${err[0]}`);
  }));
  const beside = join(dir, "..");
  for (const { name } of Deno.readDirSync(beside)) {
    assert(!name.startsWith(`${dir.slice(beside.length + 1)}.`), `left behind: ${name}`);
  }
});

Deno.test("cassette ingest ends at a second signal, whatever the first one waits for", async () => {
  const dir = tempFolder();
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "-q", ...await importFlags(), path("src/cli/main.ts"), "ingest", "--stdin"]
      .concat("--sqlite", join(dir, "set.sqlite")),
    stdin: "piped",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const ended = process.status;
  let signals = 0;
  const timer = setInterval(() => {
    process.kill("SIGINT");
    signals++;
  }, 1000);
  const { success } = await ended;
  clearInterval(timer);
  await process.stdin.close().catch(() => {});
  assert(!success && signals < 30);
});
