/** One path is one sample: what comes again is named with both places, and what changes is counted. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { dirname, join } from "@std/path";
import { packTar } from "modern-tar";
import { DatabaseSync } from "node:sqlite";
import { Readable } from "node:stream";
import {
  csvInput,
  type DatasetInput,
  folderInput,
  ingest,
  type IngestOptions,
  type IngestReport,
  linesInput,
  parquetInput,
  SqliteWriter,
  tarInput,
  UsageError,
} from "../../mod.ts";
import { SeenPaths } from "../../src/dataset/seen_paths.ts";
import { tempFolder } from "../../tools/temp.ts";
import { records, writeFiles } from "./pictures.ts";

const pictures = records(8);

async function fill(
  input: DatasetInput,
  options: IngestOptions = {},
  path = join(tempFolder(), "set.sqlite"),
): Promise<IngestReport> {
  await using writer = new SqliteWriter(path);
  return await ingest(input, writer, options);
}

/** Paths and labels as they are stored. */
function stored(path: string): [string, number][] {
  const database = new DatabaseSync(path, { readOnly: true });
  const rows = database.prepare("SELECT path, label FROM metadata ORDER BY path").all();
  database.close();
  return rows.map(({ path, label }) => [String(path), Number(label)]);
}

async function writeShard(path: string, files: [string, Uint8Array | string][]): Promise<string> {
  await Deno.mkdir(dirname(path), { recursive: true });
  const entries = files.map(([name, data]) => {
    const body = typeof data === "string" ? new TextEncoder().encode(data) : data;
    return { header: { name, size: body.length, type: "file" as const }, body };
  });
  await Deno.writeFile(path, await packTar(entries));
  return path;
}

/** Asserts that one item was left out, with both places in its message. */
function assertDouble({ rejected }: IngestReport, second: string, first: string): void {
  assertEquals(rejected.length, 1, JSON.stringify(rejected));
  assertStringIncludes(rejected[0].reason.message, `Cannot ingest ${second} as its path, `);
  assertStringIncludes(rejected[0].reason.message, `received it from ${first} already`);
}

Deno.test("folders given together keep all samples of the same names, by their common root", async () => {
  const dir = tempFolder();
  await writeFiles(dir, {
    "train/cat/1.jpg": pictures[0].data,
    "train/dog/1.jpg": pictures[1].data,
    "val/cat/1.jpg": pictures[2].data,
    "loose/1.jpg": pictures[3].data,
  });
  const folders = ["train", "val", "loose"].map((name) => join(dir, name));
  const path = join(dir, "set.sqlite");
  const report = await fill(await folderInput(folders), {}, path);
  assertEquals([report.written, report.rejectedCount], [4, 0]);
  assertEquals(report.classes, ["cat", "dog", "loose"]);
  const all: [string, number][] = [
    ["loose/1.jpg", 2],
    ["train/cat/1.jpg", 0],
    ["train/dog/1.jpg", 1],
    ["val/cat/1.jpg", 0],
  ];
  assertEquals(stored(path), all);
  // One by one they get the same ids by the same root, and by a prefix.
  const apart = join(dir, "apart.sqlite");
  const classes = report.classes;
  await fill(await folderInput(folders[0], { root: dir, classes }), {}, apart);
  await fill(await folderInput(folders[1], { classes }), { prefix: "val" }, apart);
  await fill(await folderInput(folders[2], { classes: ["", "", ""] }), { prefix: "loose/" }, apart);
  assertEquals(stored(apart).map(([path]) => path), all.map(([path]) => path));
  await assertRejects(() => folderInput(folders[0], { root: folders[1] }), UsageError, "root");
});

Deno.test("a folder after another one of the same names replaces its samples, says so, or is refused", async () => {
  const dir = tempFolder();
  await writeFiles(dir, {
    "train/cat/1.jpg": pictures[0].data,
    "train/cat/2.jpg": pictures[1].data,
    "val/cat/1.jpg": pictures[2].data,
    "val/cat/2.jpg": pictures[1].data,
    "val/cat/3.jpg": pictures[3].data,
  });
  const path = join(dir, "set.sqlite");
  await fill(await folderInput(join(dir, "train")), {}, path);
  const val = await folderInput(join(dir, "val"));
  const refused = await fill(val, { existing: "refuse" }, path);
  assertEquals([refused.written, refused.replaced, refused.unchanged], [1, 0, 1]);
  assertStringIncludes(
    refused.rejected[0].reason.message,
    "must have no other sample of that path",
  );
  const progress: number[] = [];
  const report = await fill(val, { onProgress: ({ replaced }) => progress.push(replaced) }, path);
  assertEquals([report.written, report.replaced, report.unchanged], [0, 1, 2]);
  assertEquals(Math.max(...progress), 1);
  const anew = await fill(val, { existing: "replace" }, path);
  assertEquals([anew.written, anew.replaced, anew.unchanged], [0, 3, 0]);
});

Deno.test("shards of one name in several folders keep all samples; a name that comes again is refused", async () => {
  const dir = tempFolder();
  const a = await writeShard(join(dir, "a/s.tar"), [["1.jpg", pictures[0].data], ["1.cls", "1"]]);
  const b = await writeShard(join(dir, "b/s.tar"), [["1.jpg", pictures[1].data], ["1.cls", "2"]]);
  const path = join(dir, "set.sqlite");
  assertEquals((await fill(await tarInput([a, b]), {}, path)).written, 2);
  assertEquals(stored(path), [["a/s/1.jpg", 1], ["b/s/1.jpg", 2]]);
  const twice = await writeShard(join(dir, "t.tar"), [
    ["1.jpg", pictures[0].data],
    ["1.cls", "1"],
    ["2.jpg", pictures[1].data],
    ["2.cls", "2"],
    ["1.jpg", pictures[2].data],
    ["1.cls", "3"],
  ]);
  const report = await fill(await tarInput([twice]));
  assertEquals(report.written, 2);
  assertDouble(report, `${twice}: file 5`, `${twice}: file 1`);
  // The same file name twice in a row, as `tar --append` leaves it.
  const updated = await writeShard(join(dir, "u.tar"), [
    ["1.jpg", pictures[0].data],
    ["1.jpg", pictures[1].data],
    ["1.cls", "3"],
  ]);
  const appended = await fill(await tarInput([updated], { classes: [""] }));
  assertEquals(appended.written, 1);
  assertDouble(appended, `${updated}: file 2`, `${updated}: file 1`);
  const same = await fill(await tarInput([a, a]));
  assertDouble(same, `${a}: file 1`, `${a}: file 1`);
});

Deno.test("rows of a manifest, and lines, with one path are refused by both places", async () => {
  const dir = tempFolder();
  await writeFiles(dir, {
    "1.jpg": pictures[0].data,
    "2.jpg": pictures[1].data,
    "m.csv": "path,label\n1.jpg,0\n2.jpg,1\n1.jpg,1\n",
    "twice.csv": "path,label,label\n1.jpg,0,1\n",
  });
  const file = join(dir, "m.csv");
  const path = join(dir, "set.sqlite");
  const report = await fill(await csvInput(file), {}, path);
  assertEquals(stored(path), [["1.jpg", 0], ["2.jpg", 1]]);
  assertDouble(report, `${file}: line 4`, `${file}: line 2`);
  // Again, so that the first row, not the last one, is the one that stays.
  const again = await fill(await csvInput(file), {}, path);
  assertEquals([again.unchanged, again.replaced, again.rejectedCount], [2, 0, 1]);
  const twice = () => csvInput(join(dir, "twice.csv"));
  await assertRejects(twice, UsageError, 'received "label" twice');
  const line = (label: number) =>
    JSON.stringify({ path: "a.jpg", label, data: pictures[label].data.toBase64() }) + "\n";
  const piped = await fill(linesInput(Readable.from([line(0), line(1)])));
  assertEquals(piped.written, 1);
  assertDouble(piped, "line 2 of standard input", "line 1 of standard input");
});

Deno.test("names that differ in the normalisation of Unicode alone are one path", async () => {
  const dir = tempFolder();
  const [composed, decomposed] = ["caf\u00e9.jpg", "cafe\u0301.jpg"];
  await writeFiles(dir, { [composed]: pictures[0].data, [decomposed]: pictures[1].data });
  const report = await fill(await folderInput(dir));
  const [first, second] = [composed, decomposed].sort();
  assertEquals(report.written, 1);
  assertDouble(report, join(dir, second), join(dir, first));
  assertStringIncludes(report.rejected[0].reason.message, "whatever the normalisation");
});

Deno.test("bare names that come again in a Parquet file lose no sample, and keep their ids", async () => {
  const dir = tempFolder();
  const make = new URL("parquet/bare.parquet", import.meta.url);
  await Deno.mkdir(join(dir, "a"));
  await Deno.mkdir(join(dir, "b"));
  const files = ["a", "b"].map((name) => join(dir, name, "bare.parquet"));
  for (const file of files) await Deno.copyFile(make, file);
  const one = join(dir, "one.sqlite");
  const report = await fill(await parquetInput([files[0]]), {}, one);
  assertEquals(report.written, 4);
  assertDouble(report, `${files[0]}: row 4`, `${files[0]}: row 3`);
  // Rows 0 to 3 are im.png, other.png, im.png, and cat/im.png twice.
  const paths = ["bare/00000002/im.png", "bare/im.png", "bare/other.png"];
  assertEquals(stored(one).map(([path]) => path).filter((path) => !path.includes("cat")), paths);
  const both = join(dir, "both.sqlite");
  assertEquals((await fill(await parquetInput(files), {}, both)).written, 8);
  assert(stored(both).every(([path]) => /^[ab]\/bare\//.test(path)));
});

Deno.test("as many paths as there are: each is found again with its place, in memory and on disc", () => {
  for (const slots of [2 ** 4, 2 ** 9, undefined]) {
    using seen = new SeenPaths(slots);
    const model = new Map<string, string>();
    let random = 1;
    for (let i = 0; i < 5000; i++) {
      random = Math.imul(random, 1664525) + 1013904223 >>> 0;
      const id = new Uint8Array(16);
      // One in three comes again; neighbours in the table are frequent.
      new DataView(id.buffer).setUint32(0, random % 1000 + (i % 3 ? i << 12 : 0));
      new DataView(id.buffer).setUint32(8, i % 7);
      const key = id.toHex();
      assertEquals(seen.add(id, `file ${i}\n"`), model.get(key));
      if (!model.has(key)) model.set(key, `file ${i}\n"`);
    }
    assertEquals(seen.length, model.size);
  }
});
