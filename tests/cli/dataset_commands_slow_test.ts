import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { readList, readSplit } from "../../mod.ts";
import { pictureFolder, records, writeFiles } from "../dataset/pictures.ts";
import { cassette } from "./command.ts";
import { tempFolder } from "../../tools/temp.ts";

const COLUMNS = ["--column", "patient", "--path-columns", "(?<patient>\\d)\\.jpg$"];
const RATIOS = ["--ratios", "train=0.8,val=0.2"];

/** Runs the command, which must end well, and gives what it printed. */
async function run(...args: string[]): Promise<string> {
  const { code, out, err } = await cassette(args);
  assertEquals(code, 0, err.join("\n"));
  return out;
}

Deno.test("cassette init prints the statements that it would run, and runs them", async () => {
  const keyspace = ["--keyspace", "slides", "--replication", "dc1:3"];
  const partition = ["--column", "patient", "--partition-by", "patient"];
  const cql = await run("init", "--dry-run", "--cassandra", "nowhere", ...keyspace, ...partition);
  const statements = cql.trim().split("\n");
  assertEquals(statements.length, 4);
  assertStringIncludes(statements[0], `'NetworkTopologyStrategy', 'dc1': 3`);
  assertStringIncludes(statements[1], `compression = {'enabled': 'false'}`);
  assertStringIncludes(statements[2], `PRIMARY KEY (("patient"), "id")`);
  assertStringIncludes(statements[3], `"slides"."metadata_classes"`);
  const sqlite = join(tempFolder(), "set.sqlite");
  await run("init", "--dry-run", "--sqlite", sqlite);
  assertEquals(await Deno.stat(sqlite).catch(() => undefined), undefined);
  assertStringIncludes(await run("init", "--sqlite", sqlite), "are there");
  assertEquals((await cassette(["list", "--sqlite", sqlite, "--out", `${sqlite}.list`])).code, 0);
});

Deno.test("processes that ingest at once agree on the numbers of classes", async () => {
  const file = join(tempFolder(), "set.sqlite");
  const classes = ["ant", "bee", "cow", "dog"];
  const ingested = await Promise.all(classes.map(async (left, k) => {
    const dir = tempFolder();
    const jpeg = Uint8Array.of(0xff, 0xd8, 0xff, 0xd9);
    for (const name of classes.filter((name) => name !== left)) {
      const pictures = Array.from({ length: 40 }, (_, i) => [`${name}/${k}_${i}.jpg`, jpeg]);
      await writeFiles(dir, Object.fromEntries(pictures));
    }
    return JSON.parse(await run("ingest", dir, "--sqlite", file, "--json"));
  }));
  assertEquals(ingested.map(({ written, rejectedCount }) => [written, rejectedCount]), [
    [120, 0],
    [120, 0],
    [120, 0],
    [120, 0],
  ]);
  const inspected = JSON.parse(await run("inspect", "--sqlite", file, "--json"));
  assertEquals(inspected.classes.map(({ label }: { label: number }) => label), [0, 1, 2, 3]);
  const names = inspected.classes.map(({ name }: { name: string }) => name);
  assertEquals(names.toSorted(), classes);
  // A row with another number than the table has of its class would be refused.
  await run("list", "--sqlite", file, "--out", `${file}.list`);
  const list = await readList(`${file}.list`);
  assertEquals([list.ids.length, [...list.classes.values()]], [480, names]);
});

Deno.test("cassette list, split and verify go from pictures to parts that stay", async () => {
  const dir = await pictureFolder(40);
  const at = (name: string) => join(dir, name);
  const sqlite = ["--sqlite", at("set.sqlite")];
  assertStringIncludes(await run("ingest", dir, ...sqlite, ...COLUMNS), "40 pictures");
  const verified = JSON.parse(await run("verify", ...sqlite, "--json"));
  assertEquals([verified.metadataRows, verified.missing, verified.different], [40, 0, 0]);
  await run("list", ...sqlite, "--columns", "patient", "--out", at("all.list"));
  assertEquals((await readList(at("all.list"))).ids.length, 40);
  await run("list", ...sqlite, "--only", "class=disc,ring", "--out", at("some.list"));
  assertEquals((await readList(at("some.list"))).ids.length, 20);
  await run("list", ...sqlite, "--where", "label = 0", "--from", "data", "--out", at("one.list"));
  assertEquals((await readList(at("one.list"))).ids.length, 10);

  const table = await run("split", "--list", at("all.list"), ...RATIOS, "--out", at("a.split"));
  const rows = table.trim().split("\n").map((line) => line.split(/\s+/));
  assertEquals(rows[0], ["class", "train", "val", "none"]);
  assertEquals(rows.slice(1).map(([name]) => name), ["checks", "disc", "ring", "stripes", "all"]);
  assertEquals(Number(rows[5][1]) + Number(rows[5][2]), 40);
  const before = [...await readSplit(at("a.split"), "val")];
  // Others are added, and those that were there stay where they were.
  const more = records(60).slice(40);
  await writeFiles(dir, Object.fromEntries(more.map(({ path, data }) => [path, data])));
  assertStringIncludes(await run("ingest", dir, ...sqlite, ...COLUMNS), "40 were there already");
  await run("split", ...sqlite, ...RATIOS, "--out", at("b.split"));
  const after = new Set(await readSplit(at("b.split"), "val"));
  assertEquals(before.filter((id) => !after.has(id)), []);
  const entities = ["--entity", "patient", "--exact", "--json"];
  const json = await run("split", ...sqlite, ...RATIOS, ...entities, "--out", at("c.split"));
  const { parts, provenance } = JSON.parse(json);
  assertEquals([parts, provenance.entity, provenance.samples], [["train", "val"], "patient", 60]);
});

Deno.test("cassette ingest writes into a folder, and takes pictures from a module of one's own", async () => {
  const dir = await pictureFolder(8);
  const out = tempFolder();
  assertStringIncludes(await run("ingest", dir, "--out-dir", out, "--concurrency", "2"), "8 pict");
  const manifest = join(out, "manifest.csv");
  const again = ["--sqlite", join(out, "again.sqlite"), "--json"];
  assertEquals(JSON.parse(await run("ingest", manifest, "--root", out, ...again)).written, 8);
  const getData = join(dir, "get_data.ts");
  await Deno.writeTextFile(getData, "export default (path: string) => Deno.readFile(path);\n");
  const own = ["--sqlite", join(out, "own.sqlite"), "--get-data", getData, "--json"];
  assertEquals(JSON.parse(await run("ingest", dir, ...own)).written, 8);
});

Deno.test("cassette plan-capacity tells disk, network and prefetch", async () => {
  const size = ["--rows", "1281167", "--blob-bytes", "110000", "--replication", "3"];
  const text = await run("plan-capacity", ...size, "--rate", "4000", "--latency", "50");
  // 4,000 a second for 50 ms are 200 under way (Little's law).
  assertEquals(/under way\s+200 /.test(text), true, text);
  assertEquals(/data, one copy\s+141\.0 GB/.test(text), true, text);
});

Deno.test("cassette refuses options of a data set that would say nothing, before the work", async () => {
  const dir = await pictureFolder(4);
  const sqlite = join(dir, "set.sqlite");
  const to = ["--sqlite", sqlite];
  await run("ingest", dir, ...to, "--label-type", "none");
  // There is no column of labels, and none is asked for.
  const list = join(dir, "set.list");
  assertStringIncludes(await run("list", ...to, "--out", list), "set.list: 4 samples, 0.3 KiB");
  const cut = ["split", "--out", join(dir, "a.split"), "--list", list];
  await Promise.all(
    ([
      [/--list must be given without options of a database: received --where/, [
        ...cut,
        ...["--where", "label < 1", ...RATIOS],
      ]],
      [/different names and numbers, .*: received "a=2"/, [...cut, "--counts", "a=1,a=2"]],
      [/by labels in the list: received 1 for "disc"/, [
        ...cut,
        ...["--counts", "a=1", "--weights", "disc=1"],
      ]],
      [/quality must be left out/, ["ingest", dir, ...to, "--format", "png", "--quality", "9"]],
      [/--masks must be for a folder: received tar files/, [
        "ingest",
        ...["a.tar", ...to, "--masks", dir],
      ]],
      [/groups must be columns, given by --column: received "patient"/, [
        "ingest",
        ...[dir, ...to, "--path-columns", "(?<patient>[0-9])"],
      ]],
      [/--out-dir must be given in place of tables/, ["ingest", dir, ...to, "--out-dir", dir]],
      [/--rejects must be a file in a folder that is there/, [
        "ingest",
        ...[dir, ...to, "--rejects", join(dir, "none", "x.jsonl")],
      ]],
    ] as [RegExp, string[]][]).map(async ([expected, args]) => {
      const { code, err } = await cassette(args);
      assertEquals([code, err.length], [1, 1], err.join("\n"));
      assertMatch(err[0], expected);
    }),
  );
});
