/** Features of data sets that must work together. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { dirname, join } from "@std/path";
import { DatabaseSync } from "node:sqlite";
import {
  folderInput,
  ingest,
  listSqlite,
  Loader,
  type LoaderState,
  readList,
  requestDevice,
  resize,
  SchemaError,
  splitList,
  SqliteSource,
  SqliteWriter,
} from "../../mod.ts";
import { scanSqlite } from "../../src/dataset/list.ts";
import { ListSpool } from "../../src/dataset/list_spool.ts";
import { picture } from "../loader_fixture.ts";
import { tempFolder } from "../../tools/temp.ts";

Deno.test("ids that are texts in upper case come once over shards, breaks and resumes", async () => {
  const path = join(tempFolder(), "set.sqlite");
  {
    using database = new DatabaseSync(path);
    database.exec("CREATE TABLE data (id TEXT PRIMARY KEY, label NUMERIC, data BLOB)");
    const insert = database.prepare("INSERT INTO data VALUES (?, ?, ?)");
    for (let i = 0; i < 26; i++) {
      const id = crypto.randomUUID().toUpperCase();
      insert.run(i % 2 ? id : id.replaceAll("-", ""), i, picture(i));
    }
  }
  const { ids, labels } = listSqlite(path, "data");
  const label = new Map([...ids].map((id, i) => [id, labels[i]]));
  const device = await requestDevice();
  const seen: string[] = [];
  for (let index = 0; index < 2; index++) {
    let state: LoaderState | undefined;
    for (let run = 0; run < 10; run++) {
      // Each run is a process of its own, as after a kill.
      await using source = await SqliteSource.open({ path });
      await using loader = new Loader<Int32Array>({
        source,
        device,
        ids,
        batchSize: 5,
        shuffle: true,
        seed: 3,
        epochs: 1,
        shard: { count: 2, index },
        augment: [resize(8)],
        resume: state,
      });
      let batches = 0;
      for await (using batch of loader) {
        [...batch.ids].forEach((id, i) => {
          // What fills the last batch up is no sample to learn from.
          if (!batch.valid[i]) return;
          seen.push(id);
          assertEquals(batch.labels[i], label.get(id));
        });
        state = batch.state!;
        if (++batches === 2) break;
      }
      if (batches < 2) break;
    }
  }
  device.destroy();
  assertEquals(seen.toSorted(), [...ids]);
});

Deno.test("classes keep their numbers, and samples their parts, over ingests and splits", async () => {
  const path = join(tempFolder(), "set.sqlite");
  const grow = async (...classes: string[]) => {
    const folder = tempFolder();
    for (const name of classes) {
      for (let i = 0; i < 30; i++) {
        const file = join(folder, name, `${crypto.randomUUID()}.jpg`);
        await Deno.mkdir(dirname(file), { recursive: true });
        await Deno.writeFile(file, Uint8Array.of(0xff, 0xd8, 0xff, 0xd9));
      }
    }
    await using writer = new SqliteWriter(path);
    await ingest(await folderInput(folder), writer);
    return listSqlite(path);
  };
  const options = {
    ratios: { train: 0.8, val: 0.2 },
    balance: "original",
    exact: true,
    seed: 5,
  } as const;
  const first = await grow("bear", "fox");
  const before = splitList(first, options);
  const second = await grow("ant", "fox");
  const after = splitList(second, { ...options, previous: before });
  assertEquals([...second.classes], [[0, "bear"], [1, "fox"], [2, "ant"]]);
  const partOf = (split: typeof before) =>
    new Map([...split.list.ids].map((id, i) => [id, split.part[i]]));
  const [old, now] = [partOf(before), partOf(after)];
  for (const [id, part] of old) assertEquals(now.get(id), part);
  const label = new Map([...second.ids].map((id, i) => [id, second.labels[i]]));
  [...first.ids].forEach((id, i) => assertEquals(label.get(id), first.labels[i]));
  assertEquals(after.list.labels.filter((number) => number === 1).length, 60);
});

Deno.test("labels of a NUMERIC column are the same in a list and in a list file", async () => {
  const folder = tempFolder();
  const path = join(folder, "set.sqlite");
  using database = new DatabaseSync(path);
  database.exec(
    "CREATE TABLE metadata (id BLOB PRIMARY KEY, label NUMERIC, score NUMERIC); " +
      "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 1499) " +
      "INSERT INTO metadata SELECT randomblob(16), iif(i % 7 = 0, NULL, i - 700), i / 4.0 FROM n",
  );
  const out = join(folder, "all.list");
  const write = async () => {
    using spool = new ListSpool(out, ["score"]);
    scanSqlite(path, { columns: ["score"] }, spool);
    await spool.finish();
  };
  await write();
  const [file, list] = [await readList(out), listSqlite(path, { columns: ["score"] })];
  assertEquals(file.labels, list.labels);
  assertEquals([...file.columns.get("score")!], [...list.columns.get("score")!]);
  assert(list.labels.filter((label) => label === -1).length >= 214);
  for (const bad of ["4294967303", "2.5", "'7a'", "9223372036854775807"]) {
    database.exec(`UPDATE metadata SET label = ${bad} WHERE rowid = 1400`);
    const spool = new ListSpool(`${out}.bad`, []);
    assertThrows(() => scanSqlite(path, {}, spool), SchemaError, 'column "label"');
    spool[Symbol.dispose]();
  }
  const left = Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
  assertEquals(left, ["all.list", "set.sqlite"]);
});
