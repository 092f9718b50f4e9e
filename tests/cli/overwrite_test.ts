import { assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { drawRecords } from "../../src/cli/drawings.ts";
import { pictureFolder } from "../dataset/pictures.ts";
import { cassette } from "./command.ts";

/** A data set, a list and a split of it, and files that belong to somebody. */
async function someFiles(): Promise<(name: string) => string> {
  const dir = await pictureFolder(4);
  const at = (name: string) => join(dir, name);
  assertEquals((await cassette(["ingest", dir, "--sqlite", at("set.sqlite")])).code, 0);
  const made = ["list", "--sqlite", at("set.sqlite"), "--out", at("set.list")];
  assertEquals((await cassette(made)).code, 0);
  const [{ data }] = drawRecords(1);
  await Deno.writeFile(at("photo.jpg"), data);
  await Deno.writeFile(at("photo.ppm"), data);
  await Deno.mkdir(at("mine"));
  for (const name of ["thesis.txt", "mine/sheet.png", "mine/demo.sqlite"]) {
    await Deno.writeTextFile(at(name), `precious ${name}`);
  }
  return at;
}

Deno.test("no command overwrites a file that is there, and each says which", async () => {
  const at = await someFiles();
  const database = ["--sqlite", at("set.sqlite")];
  const ratios = ["--ratios", "a=0.5,b=0.5"];
  const runs: [string, string[]][] = [
    ["thesis.txt", ["list", ...database, "--out", at("thesis.txt")]],
    ["thesis.txt", ["split", ...database, ...ratios, "--out", at("thesis.txt")]],
    ["thesis.txt", ["sheet", ...database, "--out", at("thesis.txt")]],
    ["photo.ppm", ["decode", at("photo.jpg"), "--out", at("")]],
    ["thesis.txt", ["demo", "--sqlite", at("thesis.txt"), "--out", at("new")]],
    ["mine/sheet.png", ["demo", "--out", at("mine")]],
  ];
  await Promise.all(runs.map(async ([name, args]) => {
    const before = await Deno.readFile(at(name));
    const { code, err } = await cassette(args);
    assertEquals([code, err.length], [1, 1], `${args}: ${err.join("\n")}`);
    assertMatch(
      err[0],
      new RegExp(`^UsageError: Cannot write .*${name} as it is there already.*--force`),
    );
    assertEquals(await Deno.readFile(at(name)), before, args.join(" "));
  }));
});

Deno.test("no command replaces what it reads, not even by --force", async () => {
  const at = await someFiles();
  const database = ["--sqlite", at("set.sqlite"), "--force"];
  const ratios = ["--ratios", "a=0.5,b=0.5"];
  await Deno.symlink(at("set.sqlite"), at("link"));
  const runs: [string, string[]][] = [
    ["set.sqlite", ["list", ...database, "--out", at("link")]],
    ["set.sqlite", ["split", ...database, ...ratios, "--out", at("set.sqlite")]],
    ["set.list", [
      "split",
      "--list",
      at("set.list"),
      ...ratios,
      "--force",
      "--out",
      at("set.list"),
    ]],
    ["set.sqlite", ["sheet", ...database, "--out", at("set.sqlite")]],
    ["photo.ppm", ["decode", at("photo.ppm"), "--force", "--out", at("")]],
  ];
  await Promise.all(runs.map(async ([name, args]) => {
    const before = await Deno.readFile(at(name));
    const { code, err } = await cassette(args);
    assertEquals([code, err.length], [1, 1], `${args}: ${err.join("\n")}`);
    assertMatch(err[0], /the same file/);
    assertEquals(await Deno.readFile(at(name)), before, args.join(" "));
  }));
});

Deno.test("--force replaces a file, and nothing else is left beside it", async () => {
  const at = await someFiles();
  const database = ["--sqlite", at("set.sqlite"), "--force"];
  const before = [...Deno.readDirSync(at(""))].length;
  for (
    const args of [
      ["list", ...database, "--out", at("thesis.txt")],
      ["split", ...database, "--ratios", "a=0.5,b=0.5", "--out", at("thesis.txt")],
    ]
  ) {
    const old = await Deno.readFile(at("thesis.txt"));
    const { code, err } = await cassette(args);
    assertEquals(code, 0, err.join("\n"));
    assertEquals((await Deno.readFile(at("thesis.txt"))).length === old.length, false);
  }
  assertEquals([...Deno.readDirSync(at(""))].length, before);
});

Deno.test("cassette ingest replaces lists of its own only, and writes none of its files among originals", async () => {
  const dir = await pictureFolder(4);
  const at = (name: string) => join(dir, name);
  await Deno.writeTextFile(at("disc/bad.jpg"), "no picture");
  await Deno.writeTextFile(at("thesis.txt"), "precious thesis");
  const ingest = (...args: string[]) => cassette(["ingest", dir, ...args]);
  const sqlite = ["--sqlite", join(dir, "set.sqlite")];
  const refused = await ingest(...sqlite, "--rejects", at("thesis.txt"));
  assertEquals([refused.code, refused.err.length], [1, 1]);
  assertMatch(refused.err[0], /thesis.txt as it is there already.*--force/);
  assertEquals(await Deno.readTextFile(at("thesis.txt")), "precious thesis");
  // Its own list is replaced, and taken away when nothing is left out.
  const rejects = at("rejected");
  for (let round = 0; round < 2; round++) {
    assertEquals((await ingest(...sqlite, "--rejects", rejects)).code, 1);
    assertEquals((await Deno.readTextFile(rejects)).trim().split("\n").length, 1);
  }
  await Deno.remove(at("disc/bad.jpg"));
  assertEquals((await ingest(...sqlite, "--rejects", rejects)).code, 0);
  assertEquals(await Deno.stat(rejects).catch(() => undefined), undefined);
  assertEquals((await ingest(...sqlite, "--rejects", at("thesis.txt"), "--force")).code, 0);
  assertEquals(await Deno.readTextFile(at("thesis.txt")), "precious thesis");
  const original = await Deno.readFile(at("disc/00000.jpg"));
  for (const out of [dir, at("disc"), at("new")]) {
    const { code, err } = await ingest("--out-dir", out, "--quality", "10");
    assertEquals([code, err.length], [1, 1]);
    assertMatch(err[0], /--out-dir must lie outside of /);
  }
  assertEquals(await Deno.readFile(at("disc/00000.jpg")), original);
});
