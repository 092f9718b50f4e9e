/** What of an input is odd, and must neither be taken for something else nor take its neighbours. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { packTar } from "modern-tar";
import { Readable } from "node:stream";
import {
  csvInput,
  type DatasetInput,
  ingest,
  type IngestReport,
  linesInput,
  listSqlite,
  SqliteWriter,
  tarInput,
  UsageError,
} from "../../mod.ts";
import { records, writeFiles } from "./pictures.ts";
import { tempFolder } from "../../tools/temp.ts";

const pictures = records(4);

async function fill(input: DatasetInput): Promise<{ report: IngestReport; labels: number[] }> {
  const path = join(tempFolder(), "set.sqlite");
  await using writer = new SqliteWriter(path);
  const report = await ingest(input, writer);
  return { report, labels: [...listSqlite(path).labels].sort((a, b) => a - b) };
}

async function shard(files: Record<string, Uint8Array | string>): Promise<string> {
  const path = join(tempFolder(), "a.tar");
  const entries = Object.entries(files).map(([name, data]) => {
    const body = typeof data === "string" ? new TextEncoder().encode(data) : data;
    return { header: { name, size: body.length, type: "file" as const }, body };
  });
  await Deno.writeFile(path, await packTar(entries));
  return path;
}

function lines(records: object[], classes?: string[]): DatasetInput {
  return linesInput(Readable.from(records.map((line) => `${JSON.stringify(line)}\n`)), classes);
}

Deno.test("a class of −1 is a number like others, and an unknown name is refused", async () => {
  const [{ data }] = pictures;
  const path = await shard({
    "a.jpg": data,
    "a.cls": "-1",
    "cat/b.jpg": data,
    "dog/c.jpg": data,
  });
  const tar = await fill(await tarInput([path], { classes: ["cat"] }));
  assertEquals(tar.labels, [-1, 0]);
  assertEquals(tar.report.rejected.map(({ path }) => path), ["a/dog/c.jpg"]);
  const text = data.toBase64();
  const piped = await fill(lines([
    { path: "a.jpg", label: -1, data: text },
    { path: "b.jpg", class: "cat", data: text },
    { path: "c.jpg", class: "dog", data: text },
  ], ["cat"]));
  assertEquals(piped.labels, [-1, 0]);
  assertEquals(piped.report.rejected.map(({ path }) => path), ["c.jpg"]);
});

Deno.test("a .json of a shard that is no object leaves the samples after it", async () => {
  const path = await shard({
    "a.jpg": pictures[0].data,
    "a.cls": "1",
    "a.json": "null",
    "b.jpg": pictures[1].data,
    "b.cls": "2",
    "b.json": '"text"',
  });
  const { report, labels } = await fill(await tarInput([path], { columns: { patient: "text" } }));
  assertEquals([report.rejected, labels], [[], [1, 2]]);
});

Deno.test("braces of shards that count downwards are refused, as they name none", async () => {
  await assertRejects(() => tarInput(["a-{3..1}.tar"]), UsageError, "shards must be");
});

Deno.test("lines whose labels are large numbers do not make a list of all numbers up to them", async () => {
  const data = pictures[0].data.toBase64();
  const { report, labels } = await fill(lines([
    { path: "a.jpg", label: 2_000_000_000, class: "far", data },
    { path: "b.jpg", label: 3, class: "three", data },
    { path: "c.jpg", label: 1.5, class: "half", data },
  ]));
  assertEquals(labels, [3, 2_000_000_000]);
  assertEquals(report.classes, ["", "", "", "three"]);
});

/** How often this process has a file open, as Linux tells; 0 elsewhere. */
function timesOpen(file: string): number {
  const folder = "/proc/self/fd";
  if (Deno.build.os !== "linux") return 0;
  const links = [...Deno.readDirSync(folder)].map(({ name }) => {
    try {
      return Deno.readLinkSync(join(folder, name));
    } catch {
      // That of the folder itself is gone by now.
      return "";
    }
  });
  return links.filter((link) => link === file).length;
}

Deno.test("a manifest is closed by who reads a part of it, and names left out are the usual ones", async () => {
  const dir = tempFolder();
  const rows = Array.from({ length: 20_000 }, (_, i) => `${i}.jpg,${i}`);
  await writeFiles(dir, { "m.csv": ["path,label", ...rows].join("\n") });
  const file = join(dir, "m.csv");
  const input = await csvInput(file, { fields: { path: undefined, label: undefined } });
  for await (const { label } of input.items()) {
    assertEquals(label, 0);
    // What has read the first line may not be closed yet.
    assert(timesOpen(file) >= (Deno.build.os === "linux" ? 1 : 0));
    break;
  }
  // It is closed a turn or two later.
  for (let i = 0; i < 1000 && timesOpen(file) > 0; i++) await new Promise((f) => setTimeout(f, 1));
  assertEquals(timesOpen(file), 0);
  await assertRejects(() => csvInput(file, { fields: { path: "" } }), UsageError, "fields.path");
  await assertRejects(() => csvInput(file, { fields: { path: "file" } }), UsageError, '"file"');
});
