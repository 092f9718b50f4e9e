/** Inputs that are made to harm: each costs one record, in bounded time and memory, not the ingest. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { packTar } from "modern-tar";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import {
  csvInput,
  type DatasetInput,
  type DatasetSchema,
  folderInput,
  ingest,
  type IngestOptions,
  type IngestReport,
  labelFiles,
  linesInput,
  parquetInput,
  SqliteWriter,
  tarInput,
  UsageError,
} from "../../mod.ts";
import { expandBraces } from "../../src/dataset/braces.ts";
import { notRun } from "../../tools/not_run.ts";
import { tempFolder } from "../../tools/temp.ts";
import { records, writeFiles } from "./pictures.ts";

const pictures = records(4);
const unix = Deno.build.os === "windows" ? "Windows has no such files" : undefined;

async function fill(
  input: DatasetInput,
  options: IngestOptions = {},
  schema: DatasetSchema = {},
): Promise<IngestReport> {
  await using writer = new SqliteWriter(join(tempFolder(), "set.sqlite"), schema);
  return await ingest(input, writer, options);
}

/** What was left out: path and message. */
const told = ({ rejected }: IngestReport) => rejected.map(({ reason }) => reason.message);

type Entry = [name: string, data: Uint8Array | string, type?: string];

async function tarBytes(entries: Entry[]): Promise<Uint8Array> {
  return await packTar(entries.map(([name, data, type = "file"]) => {
    const body = typeof data === "string" ? new TextEncoder().encode(data) : data;
    const link = type === "link" || type === "symlink";
    // deno-lint-ignore no-explicit-any
    const header: any = {
      name,
      size: link ? 0 : body.length,
      type,
      linkname: link ? data : undefined,
    };
    return { header, body: link ? undefined : body };
  }));
}

async function shard(bytes: Uint8Array, name = "s.tar"): Promise<string> {
  const path = join(tempFolder(), name);
  await Deno.writeFile(path, bytes);
  return path;
}

const SPECIAL = "links to devices and pipes are left out unread, and their neighbours are not";

Deno.test({
  name: SPECIAL,
  ignore: notRun(SPECIAL, unix),
  async fn() {
    const dir = tempFolder();
    await writeFiles(dir, { "cat/good.jpg": pictures[0].data, "labels/cat/good.npy": "" });
    await Deno.symlink("/dev/zero", join(dir, "cat/zero.jpg"));
    await new Deno.Command("mkfifo", { args: [join(dir, "cat/pipe.jpg")] }).output();
    await Deno.symlink(join(dir, "cat/pipe.jpg"), join(dir, "cat/piped.png"));
    await Deno.symlink(join(dir, "nowhere"), join(dir, "cat/broken.jpg"));
    const report = await fill(await folderInput(dir));
    assertEquals(report.written, 1);
    assertEquals(report.rejected.map(({ path }) => path), [
      "cat/broken.jpg",
      "cat/pipe.jpg",
      "cat/piped.png",
      "cat/zero.jpg",
    ]);
    assertEquals(told(report).map((text) => / received (a .*)$/.exec(text)?.[1]), [
      undefined,
      "a pipe",
      "a pipe",
      "a device",
    ]);
    // What stands in a manifest, in lines and beside pictures is read in the same way.
    await writeFiles(dir, { "m.csv": "path,label\n/dev/zero,1\ncat/pipe.jpg,2\ncat/good.jpg,3\n" });
    assertEquals((await fill(await csvInput(join(dir, "m.csv")))).written, 1);
    const line = `${JSON.stringify({ path: "z.jpg", label: 1, file: "/dev/zero" })}\n`;
    assertStringIncludes(told(await fill(linesInput(Readable.from([line]))))[0], "a device");
    await Deno.remove(join(dir, "labels/cat/good.npy"));
    await Deno.symlink("/dev/zero", join(dir, "labels/cat/good.npy"));
    await assertRejects(
      () => labelFiles(join(dir, "labels")).read("cat/good.jpg"),
      Error,
      "a device",
    );
    for (
      const input of [
        csvInput,
        (path: string) => tarInput([path]),
        (path: string) => parquetInput([path]),
      ]
    ) {
      await assertRejects(() => input("/dev/zero"), UsageError, "a device");
    }
  },
});

const LINKS = "links to folders are followed once each, and never in a circle";

Deno.test({
  name: LINKS,
  ignore: notRun(LINKS, unix),
  async fn() {
    const [dir, elsewhere] = [tempFolder(), tempFolder()];
    await writeFiles(dir, { "cat/1.jpg": pictures[0].data });
    await writeFiles(elsewhere, { "1.jpg": pictures[1].data, "deep/2.jpg": pictures[2].data });
    await Deno.symlink(elsewhere, join(dir, "dog"));
    await Deno.symlink(elsewhere, join(dir, "fox"));
    await Deno.symlink(dir, join(dir, "cat/up"));
    await Deno.symlink(dir, join(elsewhere, "deep/back"));
    const report = await fill(await folderInput(dir));
    assertEquals([report.written, report.classes], [3, ["cat", "dog"]]);
    assertEquals(report.rejected.map(({ path }) => path), ["cat/up", "dog/deep/back", "fox"]);
    assertStringIncludes(told(report)[0], "in which it lies");
    assertStringIncludes(told(report)[2], "to which dog leads too");
  },
});

Deno.test("files that are passed over are counted by their endings", async () => {
  const dir = tempFolder();
  await writeFiles(dir, {
    "cat/1.jpg": pictures[0].data,
    "cat/2.webp": "",
    "cat/3.WEBP": "",
    "cat/4.gif": "",
    "cat/README": "",
  });
  const input = await folderInput(dir);
  for (let round = 0; round < 2; round++) {
    const { passedOver } = await fill(input);
    assertEquals(passedOver, { ".webp": 2, ".gif": 1, "no ending": 1 });
  }
  const path = await shard(
    await tarBytes([
      ["a.jpg", pictures[0].data],
      ["a.cls", "1"],
      ["a.thumb.jpg", pictures[1].data],
      ["b.jpg", "a.jpg", "link"],
      ["._a.jpg", "x"],
    ]),
  );
  const report = await fill(await tarInput([path]));
  assertEquals(report.passedOver, { ".thumb.jpg": 1, link: 1, "hidden file": 1 });
  assertEquals(report.written, 1);
});

Deno.test("a shard that inflates to far more than its size is refused, and the next one is read", async () => {
  // 300 MiB of zeros in 300 KB.
  const zeros = new Uint8Array(100 * 2 ** 20);
  const bomb = await shard(
    gzipSync(await tarBytes([["a.jpg", pictures[0].data], ["a.cls", "1"], ["b.jpg", zeros]])),
    "bomb.tar.gz",
  );
  const good = await shard(await tarBytes([["a.jpg", pictures[0].data], ["a.cls", "1"]]), "g.tar");
  const report = await fill(await tarInput([bomb, good], { root: "/" }));
  assertEquals(report.written, 2);
  assertEquals(report.rejectedCount, 1);
  assertStringIncludes(told(report)[0], "must inflate to at most 200 times its size");
});

Deno.test("members of a shard that are too large, or have bad names, are left out one by one", async () => {
  const big = new Uint8Array(300_000).fill(1);
  const label = (name: string): Entry => [`${name}.cls`, "1"];
  const path = await shard(
    await tarBytes([
      ["a.jpg", pictures[0].data],
      label("a"),
      ["b.jpg", big],
      label("b"),
      ["../c.jpg", pictures[1].data],
      label("../c"),
      ["/d.jpg", pictures[1].data],
      label("/d"),
      ["e.jpg", pictures[1].data],
      ["e.npy", big],
      [`${"f".repeat(5000)}.jpg`, pictures[1].data],
      ["new\nline.jpg", pictures[2].data],
      label("new\nline"),
    ]),
  );
  const maxBlobBytes = Math.max(...pictures.map(({ data }) => data.length)) + 100;
  assert(maxBlobBytes < big.length);
  const report = await fill(await tarInput([path]), { maxBlobBytes });
  assertEquals(report.written, 2);
  assertEquals(report.rejected.map(({ path }) => path.slice(0, 10)), [
    "s/b",
    "s/../c",
    "s//d",
    "s/e",
    "s/ffffffff",
  ]);
});

Deno.test("extended headers that are made to take long, and sparse files, are refused", async () => {
  const header = (name: string, size: number, type: string) => {
    const block = new Uint8Array(512);
    const put = (text: string, at: number) => block.set(new TextEncoder().encode(text), at);
    put(name, 0);
    put("0000644\0" + "0000000\0" + "0000000\0", 100);
    put(size.toString(8).padStart(11, "0") + "\0" + "00000000000\0", 124);
    put(type, 156);
    put("ustar\0" + "00", 257);
    block.fill(32, 148, 156);
    const sum = block.reduce((a, b) => a + b, 0);
    put(sum.toString(8).padStart(6, "0") + "\0 ", 148);
    return block;
  };
  const padded = (data: Uint8Array) => {
    const whole = new Uint8Array(Math.ceil(data.length / 512) * 512);
    whole.set(data);
    return whole;
  };
  const bytes = (...parts: Uint8Array[]) => new Uint8Array(parts.flatMap((part) => [...part]));
  const text = (value: string) => new TextEncoder().encode(value);
  const { data } = pictures[0];
  const end = new Uint8Array(1024);
  // Each record ends where the next begins, and the space after the digits is far away: 4 MB of these take the parser hours.
  const slow = text("1\n".repeat(500_000) + " ");
  for (const meta of [slow, slow.subarray(0, 60_000), text("30 path=short\n"), text("x")]) {
    const path = await shard(
      bytes(
        header("p", meta.length, "x"),
        padded(meta),
        header("a.jpg", data.length, "0"),
        padded(data),
        end,
      ),
    );
    const report = await fill(await tarInput([path], { classes: [""] }));
    assertEquals([report.written, report.rejectedCount], [0, 1]);
    assertStringIncludes(told(report)[0], "an extended header must");
  }
  const sparse = text("22 GNU.sparse.major=1\n");
  const good = text("16 path=b.jpg\n".replace("16", "14"));
  const path = await shard(
    bytes(
      header("a.jpg", data.length, "S"),
      padded(data),
      header("p", sparse.length, "x"),
      padded(sparse),
      header("s.jpg", data.length, "0"),
      padded(data),
      header("p", good.length, "x"),
      padded(good),
      header("short", data.length, "0"),
      padded(data),
      end,
    ),
  );
  const report = await fill(await tarInput([path], { classes: [""] }));
  assertEquals([report.written, report.rejectedCount], [1, 0]);
  assertEquals(report.passedOver, { "sparse file": 2 });
});

Deno.test("what JSON and Parquet hold in place of a column's value costs one record", async () => {
  const deep = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
  const columns = { patient: "text" } as const;
  const path = await shard(
    await tarBytes([
      ["a.jpg", pictures[0].data],
      ["a.cls", "1"],
      ["a.json", `{"patient": ${deep}}`],
      ["b.jpg", pictures[1].data],
      ["b.cls", "1"],
      ["b.json", `{"patient": "p"}`],
      ["c.jpg", pictures[1].data],
      ["c.cls", "1"],
      ["c.json", `{"patient": {"a": 1}}`],
    ]),
  );
  const report = await fill(await tarInput([path], { columns }), {}, { columns });
  assertEquals(report.written, 1);
  assertEquals(told(report).map((text) => text.split("received ")[1]), ["[[…]]", "an object"]);
  const labels = await shard(
    await tarBytes([["a.jpg", pictures[0].data], ["a.json", deep]]),
  );
  const blob = await fill(await tarInput([labels], { label: "json" }), {}, { labelType: "blob" });
  assertStringIncludes(told(blob)[0], "must be a list of numbers: received [[…]]");
  const lines = [
    { path: "a.jpg", label: 1, columns: 7, file: "x" },
    { path: "b.jpg", class: 7, file: "x" },
    { path: "\ud800.jpg", label: 1, data: pictures[0].data.toBase64() },
    { path: "c.jpg", label: 1, data: pictures[0].data.toBase64() },
  ].map((line) => `${JSON.stringify(line)}\n`);
  const piped = await fill(linesInput(Readable.from(lines)));
  assertEquals([piped.written, piped.rejectedCount], [1, 3]);
});

Deno.test("a quote without an end, and a line without one, leave out what they swallow and no more", async () => {
  const dir = tempFolder();
  await writeFiles(dir, {
    "1.jpg": pictures[0].data,
    "2.jpg": pictures[1].data,
    "quote.csv": `path,label\n1.jpg,0\n2.jpg,1\n"3.jpg,1\n${"x.jpg,0\n".repeat(135_000)}`,
    "blank.csv": "path,label\n1.jpg, \n2.jpg,1\n",
    "endless.csv": "x".repeat(3 * 2 ** 20),
  });
  const report = await fill(await csvInput(join(dir, "quote.csv")));
  assertEquals([report.written, report.rejectedCount], [2, 1]);
  assertStringIncludes(told(report)[0], "from line 4 on as it must be CSV");
  const blank = await fill(await csvInput(join(dir, "blank.csv")));
  assertEquals([blank.written, blank.rejectedCount], [1, 1]);
  await assertRejects(() => csvInput(join(dir, "endless.csv")), UsageError, "endless.csv");
  const maxBlobBytes = Math.max(...pictures.map(({ data }) => data.length));
  const line = (i: number) =>
    JSON.stringify({ path: `${i}.jpg`, label: i, data: pictures[i].data.toBase64() });
  let sent = 0;
  const stream = Readable.from((function* () {
    yield `${line(0)}\r\n{"path": "`;
    for (; sent < 200; sent++) yield "x".repeat(2 ** 16);
    yield `"}\n${line(1)}`;
  })());
  const piped = await fill(linesInput(stream), { maxBlobBytes });
  assertEquals([piped.written, piped.rejectedCount, sent], [2, 1, 200]);
  assertStringIncludes(
    told(piped)[0],
    "Cannot read a line of standard input as it must have at most",
  );
});

Deno.test("braces are counted before they are written out", () => {
  for (const text of ["a-{0..99999999999999}.tar", "{0..9999}{0..9999}{0..9999}.tar", "{1..1e9}"]) {
    if (text.includes("e")) assertEquals(expandBraces(text), [text]);
    else {
      const error = assertThrowsUsage(() => expandBraces(text));
      assertStringIncludes(error.message, "at most 100000 names");
    }
  }
  assertEquals(expandBraces("{1..2}/{08..09}.tar"), [
    "1/08.tar",
    "1/09.tar",
    "2/08.tar",
    "2/09.tar",
  ]);
  assertEquals(expandBraces("x{3..1}.tar"), []);
});

function assertThrowsUsage(call: () => unknown): UsageError {
  try {
    call();
  } catch (error) {
    if (error instanceof UsageError) return error;
  }
  throw new Error("no UsageError");
}
