import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import {
  cassandraSchema,
  CassandraWriter,
  type CassetteError,
  contentHash,
  csvInput,
  DisposedError,
  folderInput,
  FolderWriter,
  IdList,
  ingest,
  IngestError,
  ingestFolder,
  labelFiles,
  linesInput,
  listCassandra,
  listSqlite,
  maskFiles,
  parquetInput,
  pathId,
  planCapacity,
  reencode,
  splitList,
  SqliteWriter,
  tarInput,
  UsageError,
  verifyCassandra,
  verifySqlite,
  writeList,
  writeSplit,
} from "../../mod.ts";
import { tempFolder } from "../../tools/temp.ts";
import { pictureFolder, records } from "./pictures.ts";

/** What a caller without types may write. */
// deno-lint-ignore no-explicit-any
type Untyped = any;

/** Asserts that a call is refused, with the option's name and a message of the usual words. */
async function refused(option: string, call: () => unknown, message = ""): Promise<void> {
  const error = await assertRejects(async () => await call(), UsageError, message);
  assertEquals((error as CassetteError).option, option, error.message);
  assert(/^Cannot .* as .* must .*: received /.test(error.message), error.message);
}

const record = records(1)[0];

Deno.test("ingest refuses options that are wrong, before it writes", async () => {
  const folder = await pictureFolder(2);
  await using writer = new SqliteWriter(join(tempFolder(), "set.sqlite"));
  const run = (options: Untyped) => () => ingestFolder(folder, writer, options);
  await refused("concurrency", run({ concurrency: 0 }), "a whole number from 1 on: received 0");
  await refused("concurency", run({ concurency: 8 }), "did you mean concurrency?");
  await refused("existing", run({ existing: "skip" }), '"refuse" or "replace": received "skip"');
  await refused("prefix", run({ prefix: "" }));
  await refused("maxBlobBytes", run({ maxBlobBytes: 0 }), "from 1 on: received 0");
  await refused("root", run({ root: join(folder, "checks") }), "must hold all that is read");
  await refused("signal", run({ signal: 1 }));
  await refused("classes", run({ classes: "cat" }));
  await refused("pathColumns", run({ pathColumns: "x" }), "a RegExp");
  await refused("input", () => ingest(null as Untyped, writer));
  const shard = join(tempFolder(), "a.tar");
  await Deno.writeFile(shard, new Uint8Array(1024));
  const getData = () => Promise.resolve(new Uint8Array(1));
  await refused("getData", async () => ingest(await tarInput([shard]), writer, { getData }));
  await refused("writer", async () => ingest(await folderInput(folder), {} as Untyped));
  assertThrows(() => listSqlite(writer.name), Error);
});

Deno.test("inputs refuse what is no path, list, stream or option", async () => {
  await refused("folder", () => folderInput(null as Untyped), "a path: received null");
  await refused("clases", () => folderInput("x", { clases: [] } as Untyped));
  await refused("file", () => csvInput(7 as Untyped));
  await refused("fields.lable", () => csvInput("x", { fields: { lable: "y" } } as Untyped));
  await refused("shards", () => tarInput("x.tar" as Untyped), 'received "x.tar"');
  await refused("shards", () => tarInput([]), "at least 1 text: received an empty list");
  await refused("lable", () => tarInput(["x"], { lable: "cls" } as Untyped));
  await refused("files", () => parquetInput("x" as Untyped));
  await refused("image", () => parquetInput(["x"], { image: "y" } as Untyped));
  await refused("stream", () => linesInput(null as Untyped));
  await refused("qualty", () => reencode({ qualty: 9 } as Untyped), "did you mean quality?");
});

Deno.test("a label whose file is missing is told with its picture", async () => {
  const folder = tempFolder();
  await assertRejects(() => maskFiles(folder).read("a/b.jpg"), IngestError, "label of a/b.jpg");
  await assertRejects(() => labelFiles(folder).read("a/b.jpg"), IngestError, "a/b.npy or .json");
});

Deno.test("writers refuse what is no record, and write nothing after dispose", async () => {
  for (const Writer of [SqliteWriter, FolderWriter]) {
    const place = join(tempFolder(), "set");
    const writer = new Writer(place);
    await writer.createTables();
    const write = (part: Untyped) => () => writer.write(part && { ...record, ...part });
    await refused("record", write(null));
    await refused("id", write({ id: new Uint8Array(3) }), "16 bytes");
    await refused("path", write({ path: "" }));
    await refused("data", write({ data: "picture" }));
    await refused("data", write({ data: new Uint8Array() }));
    await refused("label", write({ label: undefined }));
    await writer.write(record);
    await writer[Symbol.asyncDispose]();
    await writer[Symbol.asyncDispose]();
    await assertRejects(() => writer.write(record), DisposedError, place);
    const which = Writer === SqliteWriter ? "path" : "folder";
    await refused(which, () => new Writer(undefined as Untyped));
  }
  await refused("options", () => CassandraWriter.open(undefined as Untyped));
  await refused("keyspace", () => CassandraWriter.open({} as Untyped), "a name");
  await refused("concurrency", () => CassandraWriter.open({ keyspace: "k", concurrency: 0 }));
  await refused("keyspace", () => cassandraSchema({}, ""));
  await refused("path", () => pathId(""));
  await refused("data", () => contentHash(null as Untyped));
});

Deno.test("lists, splits and plans refuse what is wrong, by name", async () => {
  const ids = IdList.from([crypto.randomUUID(), crypto.randomUUID()]);
  const list = { ids, labels: new Int32Array(2), classes: new Map(), columns: new Map() };
  const file = join(tempFolder(), "list");
  await refused("list", () => writeList(file, null as Untyped));
  await refused("list.labels", () => writeList(file, { ...list, labels: new Int32Array(1) }));
  const columns: Untyped = new Map([["patient", ["a"]]]);
  await refused("list.columns patient", () => writeList(file, { ...list, columns }));
  await assertRejects(() => Deno.stat(file), Deno.errors.NotFound);
  const ratios = { train: 0.5 };
  const split = (options: Untyped, of: Untyped = list) => () => splitList(of, options);
  await refused("list", split({ ratios }, null));
  await refused("options", split(undefined), "an object: received undefined");
  await refused("exakt", split({ ratios, exakt: true }), "did you mean exact?");
  await refused("ratios", split({ ratios: { "": 0.5 } }), "names that are not empty");
  await refused("balance", split({ ratios, balance: {} }), "of which one is above 0");
  await refused("previous", split({ ratios, previous: {} }), "a split: received an object");
  await refused("seed", split({ ratios, seed: 1.5 }));
  await refused("tabel", () => listSqlite(file, { tabel: "x" } as Untyped), "did you mean table?");
  await refused("path", () => listSqlite("" as Untyped));
  const cluster = { contactPoints: ["127.0.0.1"], table: "k.t" };
  const listed = (options: Untyped) => () => listCassandra(options && { ...cluster, ...options });
  await refused("options", listed(null));
  await refused("concurrency", listed({ concurrency: 0 }), "a whole number from 1 on: received 0");
  await refused("concurrency", listed({ concurrency: 1.5 }));
  await refused("columns", listed({ columns: "path" }));
  await refused("filter", listed({ filter: "class" }));
  await refused("where", listed({ where: "" }));
  const verify = (writer: Untyped, options?: Untyped) => () => verifyCassandra(writer, options);
  const whole = { contactPoints: ["127.0.0.1"], keyspace: "k" };
  await refused("writer", verify(null));
  await refused("keyspace", verify({ ...whole, keyspace: "" }));
  await refused("concurrency", verify({ ...whole, concurrency: 0 }), "from 1 on: received 0");
  await refused("onFalt", verify(whole, { onFalt: () => {} }), "did you mean onFault?");
  await refused("path", () => verifySqlite("" as Untyped));
  await refused("signal", () => verifySqlite(file, {}, { signal: 1 } as Untyped));
  await refused("split", () => writeSplit(file, null as Untyped));
  const good = splitList(list, { ratios });
  const first = (part: Untyped) => split({ ratios, previous: { ...good, ...part } });
  await refused("previous.parts", first({ parts: undefined }));
  await refused("previous.part", first({ part: new Uint8Array(1) }), "each id, 2: received 1");
  await refused("split.part", () => writeSplit(file, { ...good, part: new Uint8Array(1) }));
  const plan = { rows: 1, blobBytes: 1, rate: 1, latency: 1 };
  await refused("rows", () => planCapacity({} as Untyped), "above 0: received undefined");
  await refused("batch", () => planCapacity({ ...plan, batch: 1 } as Untyped));
  await refused("rate", () => planCapacity({ ...plan, rate: 0 }));
});
