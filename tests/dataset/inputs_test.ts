import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { packTar } from "modern-tar";
import { Readable } from "node:stream";
import sharp from "sharp";
import {
  csvInput,
  type DatasetInput,
  type DatasetSchema,
  folderInput,
  FolderWriter,
  IdList,
  ingest,
  type IngestOptions,
  type IngestReport,
  labelFiles,
  labelTable,
  linesInput,
  listSqlite,
  maskFiles,
  pathId,
  readNpy,
  reencode,
  SqliteSource,
  SqliteWriter,
  tarInput,
  UsageError,
} from "../../mod.ts";
import { expandBraces } from "../../src/dataset/braces.ts";
import { records, writeFiles } from "./pictures.ts";
import { tempFolder } from "../../tools/temp.ts";

interface Filled {
  path: string;
  report: IngestReport;
  /** Picture and label of a path. */
  get(path: string): Promise<{ data: Uint8Array; label: unknown }>;
}

async function fill(
  input: DatasetInput,
  schema: DatasetSchema = {},
  options: IngestOptions = {},
): Promise<Filled> {
  const path = join(tempFolder(), "set.sqlite");
  await using writer = new SqliteWriter(path, schema);
  const report = await ingest(input, writer, options);
  return {
    path,
    report,
    async get(name) {
      await using source = await SqliteSource.open({ path, labelType: schema.labelType ?? "int" });
      using batch = await source.fetch(new IdList(pathId(name)));
      if (batch.error(0)) throw batch.error(0);
      return { data: batch.blob(0).slice(), label: batch.label(0) };
    },
  };
}

const pictures = records(8);
const text = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

async function greyPng(width: number, height: number): Promise<Uint8Array> {
  const raw = Uint8Array.from({ length: width * height }, (_, i) => i % width < width / 2 ? 3 : 7);
  return new Uint8Array(
    await sharp(raw, { raw: { width, height, channels: 1 } }).toColourspace("b-w").png().toBuffer(),
  );
}

Deno.test("a manifest gives classes by number or name, columns, and bad lines one by one", async () => {
  const dir = tempFolder();
  await writeFiles(dir, {
    ...Object.fromEntries(pictures.map(({ path, data }) => [path, data])),
    "named.csv": "\ufeffpath,class,patient,age,weight\r\n" +
      `${pictures[0].path},zebra,"p,1",40,1.5\r\n${pictures[1].path},ant,p2,,\r\n` +
      `no/such.jpg,ant,p2,3,4\r\n${pictures[2].path},ant,p3,old,\r\n`,
    "numbered.csv": `file,y\n${pictures[3].path},7\n${pictures[4].path},x\n`,
    "uneven.csv": `path,label\n${pictures[5].path},1,2\n${pictures[6].path},3\n` +
      `${pictures[7].path}\n,4\n`,
    "wrong.csv": "a,b\n1,2\n",
  });
  const columns = { patient: "text", age: "int", weight: "double" } as const;
  const named = await fill(await csvInput(join(dir, "named.csv"), { columns }), { columns });
  assertEquals(named.report.classes, ["ant", "zebra"]);
  assertEquals(named.report.written, 2);
  assertEquals(
    named.report.rejected.map(({ path, index }) => [path, index]),
    [["no/such.jpg", 2], [pictures[2].path, 3]],
  );
  const list = listSqlite(named.path, { columns: ["patient", "age", "weight"] });
  const zebra = [...list.ids].indexOf([...new IdList(pathId(pictures[0].path))][0]);
  assertEquals([...list.columns.values()].map((column) => column.at(zebra)), ["p,1", 40, 1.5]);
  assertEquals(list.columns.get("age")!.at(1 - zebra), null);
  const numbered = await fill(
    await csvInput(join(dir, "numbered.csv"), { fields: { path: "file", label: "y" } }),
  );
  assertEquals([numbered.report.written, numbered.report.rejectedCount], [1, 1]);
  assertEquals((await numbered.get(pictures[3].path)).label, 7);
  const uneven = await fill(await csvInput(join(dir, "uneven.csv")));
  assertEquals((await uneven.get(pictures[6].path)).label, 3);
  assertEquals(
    uneven.report.rejected.map(({ reason }) =>
      /line (\d) .* received (\d)/.exec(reason.message)?.slice(1)
    ),
    [["2", "3"], ["4", "1"], undefined],
  );
  assertEquals(uneven.report.rejected[2].path, "line 5");
  await assertRejects(() => csvInput(join(dir, "wrong.csv")), UsageError, '"path"');
  await assertRejects(() => csvInput(join(dir, "none.csv")), UsageError, "none.csv");
});

Deno.test("shards give samples by key, with classes, arrays, masks and columns", async () => {
  const dir = tempFolder();
  const mask = await greyPng(8, 8);
  const file = (name: string, data: Uint8Array | string) => {
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
    return { header: { name, size: bytes.length, type: "file" as const }, body: bytes };
  };
  const first = await packTar([
    file("./a.0.jpg", pictures[0].data),
    file("n01/x.y.jpg", pictures[0].data),
    file("n01/x.cls", "4\n"),
    file("n01/x.json", text({ patient: "p1" })),
    file("n02/z.JPG", pictures[1].data),
    file("n02/z.cls", "5"),
    file("n02/lonely.cls", "6"),
  ]);
  await Deno.writeFile(join(dir, "s-0.tar"), first);
  const zipped = new Response(
    new Blob([await packTar([file("k.jpeg", pictures[2].data), file("k.cls", "1")])]).stream()
      .pipeThrough(new CompressionStream("gzip")),
  );
  await Deno.writeFile(join(dir, "s-1.tar.gz"), new Uint8Array(await zipped.arrayBuffer()));
  await Deno.writeFile(join(dir, "s-2.tar"), first.slice(0, 2000));
  const columns = { patient: "text" } as const;
  const shards = ["s-0.tar", "s-1.tar.gz", "s-2.tar"].map((name) => join(dir, name));
  const { report, get, path } = await fill(await tarInput(shards, { columns }), { columns });
  assertEquals((await get("s-0/n01/x.y.jpg")).label, 4);
  assertEquals((await get("s-0/n02/z.jpg")).data, pictures[1].data);
  assertEquals((await get("s-1/k.jpeg")).label, 1);
  // a.0 has neither a class nor a folder, lonely has no picture, s-2 ends in its first file.
  assertEquals(report.written, 3);
  assertEquals(report.rejected.map(({ path }) => path.replace(dir, "")).sort(), [
    "/s-2.tar",
    "s-0/a.0.jpg",
    "s-0/n02/lonely",
  ]);
  assert([...listSqlite(path, { columns: ["patient"] }).columns.get("patient")!].includes("p1"));

  const masks = join(dir, "m.tar");
  await Deno.writeFile(
    masks,
    await packTar([file("a.jpg", pictures[0].data), file("a.seg.png", mask)]),
  );
  const segmented = await fill(await tarInput([masks]), { labelType: "blob" });
  assertEquals((await segmented.get("m/a.jpg")).label, mask);
  assertEquals(expandBraces("a-{08..10}.tar"), ["a-08.tar", "a-09.tar", "a-10.tar"]);
  await assertRejects(() => tarInput([join(dir, "none.tar")]), UsageError, "none.tar");
});

Deno.test("masks, .npy files and JSON lists are labels beside the pictures", async () => {
  const dir = tempFolder();
  const mask = await greyPng(6, 4);
  await writeFiles(dir, {
    "images/train/a.jpg": pictures[0].data,
    "images/train/b.jpg": pictures[1].data,
    "images/train/c.jpg": pictures[2].data,
    "masks/train/a_seg.png": mask,
    "masks/train/b_seg.png": pictures[0].data,
    "labels/train/a.json": "[0, 1, 1]",
    "labels/train/b.json": '["cat"]',
    "all.json": JSON.stringify({ "train/a.jpg": [0.5, 1], "train/b": [[1, 2], [3, 4]] }),
  });
  const images = join(dir, "images");
  const blob = { labelType: "blob" } as const;
  const masks = maskFiles(join(dir, "masks"), "_seg");
  const segmented = await fill(await folderInput(images, { companion: masks }), blob);
  assertEquals((await segmented.get("train/a.jpg")).label, mask);
  assertEquals(segmented.report.rejected.map(({ path }) => path), [
    "train/b.jpg",
    "train/c.jpg",
  ]);
  const files = labelFiles(join(dir, "labels"));
  const many = await fill(await folderInput(images, { companion: files }), blob);
  const array = readNpy((await many.get("train/a.jpg")).label as Uint8Array<ArrayBuffer>);
  assertEquals([array.shape, [...array.data as Int32Array]], [[3], [0, 1, 1]]);
  assertEquals(many.report.rejectedCount, 2);
  const table = await labelTable(join(dir, "all.json"));
  const listed = await fill(await folderInput(images, { companion: table }), blob);
  const floats = readNpy((await listed.get("train/a.jpg")).label as Uint8Array<ArrayBuffer>);
  assertEquals([...floats.data as Float32Array], [0.5, 1]);
  const square = readNpy((await listed.get("train/b.jpg")).label as Uint8Array<ArrayBuffer>);
  assertEquals(square.shape, [2, 2]);
});

Deno.test("lines give records, and a bad line leaves its neighbours alone", async () => {
  const dir = tempFolder();
  await writeFiles(dir, { "p.jpg": pictures[1].data });
  const lines = [
    { path: "a.jpg", label: 2, class: "two", data: pictures[0].data.toBase64() },
    "not JSON",
    { path: "b.jpg", class: "one", file: join(dir, "p.jpg") },
    { path: "c.jpg", class: "unknown", file: join(dir, "p.jpg") },
    { path: "d.jpg", label: 1 },
    { path: "e.jpg", label: 1, data: "?" },
    { path: "f.jpg", label: "one", data: pictures[0].data.toBase64() },
    "[]",
  ].map((line) => typeof line === "string" ? line : JSON.stringify(line));
  const input = linesInput(Readable.from(lines.map((line) => `${line}\n`)), ["zero", "one"]);
  const { report, get } = await fill(input);
  assertEquals(report.written, 2);
  assertEquals((await get("b.jpg")).label, 1);
  assertEquals(report.classes, ["zero", "one", "two"]);
  assertEquals(report.rejected.map(({ path }) => path), [
    "line 2",
    "c.jpg",
    "d.jpg",
    "e.jpg",
    "f.jpg",
    "line 8",
  ]);
  for (const { path, reason } of report.rejected) {
    if (path === "c.jpg") continue;
    assertMatch(
      reason.message,
      /^Cannot (read line \d of standard input|ingest e.jpg) as .* must be /,
    );
  }
});

Deno.test("pictures are re-encoded with their masks, and once", async () => {
  const dir = tempFolder();
  const noise = { width: 90, height: 60, channels: 3 as const };
  const raw = Uint8Array.from({ length: 90 * 60 * 3 }, (_, i) => (i * 2654435761) >>> 24);
  const tiff = await sharp(raw, { raw: noise }).tiff().toBuffer();
  const turned = await sharp(raw, { raw: noise }).withMetadata({ orientation: 6 }).jpeg()
    .toBuffer();
  const palette = await sharp(raw, { raw: noise }).png({ palette: true }).toBuffer();
  await writeFiles(dir, {
    "images/a.tif": tiff,
    "images/b.jpg": turned,
    "images/c.png": palette,
    "masks/a.png": await greyPng(90, 60),
    "masks/b.png": await greyPng(60, 90),
    "masks/c.png": palette,
  });
  const input = await folderInput(join(dir, "images"), {
    companion: maskFiles(join(dir, "masks")),
  });
  const blob = { labelType: "blob" } as const;
  const shrink = reencode({ shorterSide: 30, centerCrop: 24, quality: 80 });
  const { report, get, path } = await fill(input, blob, { reencode: shrink });
  assertEquals(report.rejected.map(({ path, reason }) => [path, reason.name]), [
    ["c.png", "UnsupportedFormatError"],
  ]);
  for (const name of ["a.tif", "b.jpg"]) {
    const { data, label } = await get(name);
    const { format, width, height } = await sharp(data).metadata();
    assertEquals([format, width, height], ["jpeg", 24, 24]);
    const mask = sharp(label as Uint8Array);
    assertEquals((await mask.metadata()).channels, 1);
    const classes = new Set(await mask.raw().toBuffer());
    assertEquals([...classes].sort(), [3, 7]);
  }
  await using writer = new SqliteWriter(path, blob);
  assertEquals((await ingest(input, writer, { reencode: shrink })).unchanged, 2);
  const finer = reencode({ shorterSide: 30, centerCrop: 24, quality: 90 });
  const again = await ingest(input, writer, { reencode: finer });
  assertEquals([again.written, again.replaced], [0, 2]);
  const large = await ingest(input, writer, {
    reencode: reencode({ centerCrop: 61, format: "png" }),
  });
  assertEquals(large.rejected.map(({ reason }) => reason.name).includes("ShapeError"), true);
});

Deno.test("a user's own getData gives the pictures", async () => {
  const dir = tempFolder();
  await writeFiles(dir, {
    "m.csv": "path,label\ns3://bucket/1,1\ns3://bucket/2,0\ns3://bucket/3,0\n",
  });
  const asked: string[] = [];
  const { report, get } = await fill(await csvInput(join(dir, "m.csv"), { root: "/" }), {}, {
    getData: (_file, path) => {
      asked.push(path);
      if (path.endsWith("3")) return Promise.resolve("no bytes" as unknown as Uint8Array);
      if (path.endsWith("2")) return Promise.reject(new Error("no such object"));
      return Promise.resolve(pictures[0].data);
    },
  });
  assertEquals([report.written, report.rejected[0].reason.message], [1, "no such object"]);
  assertEquals((await get("s3://bucket/1")).data, pictures[0].data);
  assertEquals(report.rejected[1].reason.name, "UsageError");
  assertEquals(asked, ["s3://bucket/1", "s3://bucket/2", "s3://bucket/3"]);
});

Deno.test("a folder that was written is a data set: files, metadata, and a manifest to ingest", async () => {
  const dir = tempFolder();
  const out = join(dir, "out");
  await writeFiles(dir, Object.fromEntries(pictures.map(({ path, data }) => [`in/${path}`, data])));
  const input = await folderInput(join(dir, "in"));
  for (let round = 0; round < 3; round++) {
    await using writer = new FolderWriter(out);
    const report = await ingest(input, writer);
    assertEquals([report.written, report.unchanged], [[8, 0], [0, 8], [1, 7]][round]);
    // What is gone is written again, and what a kill left behind is taken away.
    if (round === 1) {
      await Deno.mkdir(join(out, ".cassette"));
      const unfinished = join(out, ".cassette", `${crypto.randomUUID()}.new`);
      await Deno.rename(join(out, pictures[3].path), unfinished);
    }
  }
  for await (const { name } of Deno.readDir(join(out, "checks"))) assertMatch(name, /\.jpg$/);
  await assertRejects(() => Deno.stat(join(out, ".cassette")), Deno.errors.NotFound);
  assertEquals(await Deno.readFile(join(out, pictures[3].path)), pictures[3].data);
  assertEquals(listSqlite(join(out, "cassette.sqlite")).ids.length, 8);
  const again = await fill(await csvInput(join(out, "manifest.csv")));
  assertEquals([again.report.written, again.report.rejectedCount], [8, 0]);
  // Classes are numbered in alphabetical order: checks, disc, ring, stripes.
  assertEquals((await again.get("ring/00001.jpg")).label, 2);
  await using writer = new FolderWriter(out);
  await writer.createTables();
  const outside = { ...pictures[0], path: "../outside.jpg" };
  await assertRejects(() => writer.write(outside), Error, "must stay in");
});
