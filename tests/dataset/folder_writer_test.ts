import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { join } from "@std/path";
import { existsSync } from "node:fs";
import { packTar } from "modern-tar";
import {
  folderInput,
  FolderWriter,
  ingest,
  IngestError,
  type IngestReport,
  pathId,
  reencode,
  tarInput,
  UsageError,
} from "../../mod.ts";
import { tempFolder } from "../../tools/temp.ts";
import { records, writeFiles } from "./pictures.ts";

const pictures = records(6);

async function shard(names: string[]): Promise<string> {
  const path = join(tempFolder(), "s.tar");
  const entries = names.flatMap((name, i) => [
    { header: { name, size: pictures[i].data.length }, body: pictures[i].data },
  ]);
  await Deno.writeFile(path, await packTar(entries));
  return path;
}

async function fill(out: string, tar: string, force = false): Promise<IngestReport> {
  await using writer = new FolderWriter(out, {}, { force });
  return await ingest(await tarInput([tar], { classes: ["", "deep", "cat", "_labels"] }), writer, {
    concurrency: 1,
  });
}

Deno.test("a name that the system does not take costs one record, not the ingest", async () => {
  const out = join(tempFolder(), "out");
  const tar = await shard([
    "cat/1.jpg",
    `cat/${"x".repeat(300)}.jpg`,
    "cat/2.jpg",
    "cat/2.jpg/3.jpg",
    `${"deep/".repeat(60)}4.jpg`,
  ]);
  const { written, rejected } = await fill(out, tar);
  assertEquals(written, 3);
  for (const { reason } of rejected) {
    assert(reason instanceof IngestError, reason.message);
    assertStringIncludes(reason.message, "as the system must take the name s/cat/");
  }
  assertEquals(rejected.length, 2);
  assertEquals(existsSync(join(out, ".cassette")), false);
});

Deno.test("files that are there are replaced by their own samples alone, unless it is forced", async () => {
  const out = tempFolder();
  const tar = await shard(["cat/1.jpg", "cat/2.jpg", "cat/3.jpg"]);
  await writeFiles(out, { "s/cat/1.jpg": "precious", "s/cat/2.jpg": pictures[1].data });
  const first = await fill(out, tar);
  // What has the same bytes is what a run that was killed has written before its row.
  assertEquals([first.written, first.rejectedCount], [2, 1]);
  assertStringIncludes(first.rejected[0].reason.message, "unless it is forced (--force)");
  assertEquals(await Deno.readTextFile(join(out, "s/cat/1.jpg")), "precious");
  const again = await fill(out, tar);
  assertEquals([again.written, again.unchanged, again.rejectedCount], [0, 2, 1]);
  const changed = await Deno.readFile(tar);
  assertEquals((await fill(out, tar, true)).written, 1);
  assertEquals(await Deno.readFile(join(out, "s/cat/1.jpg")), pictures[0].data);
  // Its own files are replaced when the pictures change.
  await Deno.writeFile(tar, changed);
  await using writer = new FolderWriter(out);
  const smaller = reencode({ shorterSide: 16 });
  const input = await tarInput([tar], { classes: ["", "deep", "cat"] });
  assertEquals((await ingest(input, writer, { reencode: smaller })).replaced, 3);
});

Deno.test("two samples whose files would be one are not one", async () => {
  const out = join(tempFolder(), "out");
  const dir = tempFolder();
  await writeFiles(dir, { "a.png": pictures[0].data, "a.png.jpg": pictures[1].data });
  {
    // Both are JPEG files, so the first one is to be called a.png.jpg too.
    await using writer = new FolderWriter(out);
    // One at a time, as they are read at once otherwise, and either may come first.
    const one = { concurrency: 1 };
    const { written, rejected } = await ingest(await folderInput(dir), writer, one);
    assertEquals([written, rejected.length], [1, 1]);
    assertStringIncludes(rejected[0].reason.message, "a.png.jpg must be of one sample");
  }
  assertEquals(await Deno.readFile(join(out, "a.png.jpg")), pictures[0].data);
  await using writer = new FolderWriter(out);
  for (const path of ["_labels/x.jpg", ".cassette/x.jpg"]) {
    const record = { ...pictures[2], path, id: pathId(path) };
    await assertRejects(
      () => writer.write(record),
      IngestError,
      "not be in one of its own folders",
    );
  }
});

Deno.test("a manifest that is somebody's is not replaced, and what a kill left is taken away", async () => {
  const out = tempFolder();
  await writeFiles(out, { "manifest.csv": "precious" });
  assertThrows(() => new FolderWriter(out), UsageError, "manifest.csv is there already");
  assertEquals(existsSync(join(out, "cassette.sqlite")), false);
  {
    await using writer = new FolderWriter(out, {}, { force: true });
    await writer.createTables();
    await writer.write(pictures[0]);
    await writer.flush();
  }
  await writeFiles(out, {
    [`.cassette/${crypto.randomUUID()}.new`]: "half a picture",
    ".cassette/notes.txt": "precious",
    [`${pictures[0].path}.new`]: "precious",
  });
  {
    await using writer = new FolderWriter(out);
    await writer.createTables();
    await writer.write(pictures[0]);
    await writer.flush();
  }
  assertEquals([...Deno.readDirSync(join(out, ".cassette"))].map(({ name }) => name), [
    "notes.txt",
  ]);
  assertEquals(await Deno.readTextFile(join(out, `${pictures[0].path}.new`)), "precious");
});
