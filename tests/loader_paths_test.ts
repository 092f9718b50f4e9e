import { assert, assertEquals, assertRejects } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import {
  type BlobSource,
  type CassetteError,
  IdList,
  Loader,
  requestDevice,
  resize,
  SqliteSource,
  SqliteWriter,
} from "../mod.ts";
import { pathId } from "../src/dataset/record.ts";
import { fixture, picture, TEXT } from "./loader_fixture.ts";
import { tempFolder } from "../tools/temp.ts";

const NAMES = ["cat/good.jpg", "cat/gone.jpg", "dog/text.jpg", "dog/label\x1b[2J.jpg"];
const [GOOD, GONE, NO_PICTURE, BAD_LABEL] = NAMES;

/** A data set with one sample that is good, and one for each way to fail. */
async function failing(): Promise<string> {
  const path = `${tempFolder()}/set.sqlite`;
  {
    await using writer = new SqliteWriter(path);
    await writer.createTables();
    for (const name of NAMES) {
      const data = name === NO_PICTURE ? TEXT : picture(1);
      await writer.write({ id: pathId(name), path: name, className: "", label: 1, data });
    }
  }
  using database = new DatabaseSync(path);
  const change = (sql: string, name: string) => database.prepare(sql).run(pathId(name));
  change("DELETE FROM data WHERE id = ?", GONE);
  change("UPDATE data SET label = 'x' WHERE id = ?", BAD_LABEL);
  return path;
}

const ids = new IdList(new Uint8Array(NAMES.flatMap((name) => [...pathId(name)])));

Deno.test("errors of samples name their paths, where the source knows them", async () => {
  const device = await requestDevice();
  const path = await failing();
  await using source = await SqliteSource.open({ path });
  const options = { source, device, ids, batchSize: 4, augment: [resize(8)] };
  await using loader = new Loader({ ...options, onCorrupt: "skip" });
  const told = new Map<string | undefined, CassetteError>();
  for await (using batch of loader) {
    assertEquals([...batch.ids], [ids.at(NAMES.indexOf(GOOD))]);
    for (const { path, reason } of batch.errors) told.set(path, reason);
  }
  assertEquals([...told.keys()].sort(), [GONE, NO_PICTURE, BAD_LABEL].sort());
  assertEquals(told.get(GONE)!.code, "MISSING_SAMPLE");
  assertEquals(told.get(BAD_LABEL)!.code, "SCHEMA");
  for (const [name, { path, sampleId, message }] of told) {
    assertEquals([path, sampleId], [name, ids.at(NAMES.indexOf(name!))]);
    // What a terminal would act on is written out.
    const shown = name!.replace("\x1b", "\\u{1b}");
    assert(message.includes(`sample ${sampleId} (${shown})`), message);
  }
  await using throwing = new Loader(options);
  const thrown = await assertRejects(async () => {
    for await (using _ of throwing);
  });
  assertEquals((thrown as CassetteError).path, GONE);
  device.destroy();
});

Deno.test("a source that has no metadata, or cannot tell, names no paths", async () => {
  const device = await requestDevice();
  const path = await failing();
  const load = async (source: BlobSource) => {
    await using loader = new Loader({
      source,
      device,
      ids,
      batchSize: 4,
      augment: [resize(8)],
      onCorrupt: "skip",
    });
    const paths: (string | undefined)[] = [];
    for await (using batch of loader) paths.push(...batch.errors.map(({ path }) => path));
    return paths;
  };
  const none = [undefined, undefined, undefined];
  await using elsewhere = await SqliteSource.open({ path, metadataTable: "other" });
  assertEquals(await load(elsewhere), none);
  await using source = await SqliteSource.open({ path });
  const broken = {
    name: "broken",
    labelType: source.labelType,
    fetch: source.fetch.bind(source),
    describe: () => Promise.reject(new Error("no")),
    stats: source.stats.bind(source),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  assertEquals(await load(broken), none);
  device.destroy();
});

Deno.test("paths are looked up only for samples that failed", async () => {
  const { loader, source } = await fixture(8, (sample) => sample === 6 ? TEXT : picture(sample));
  const asked: string[] = [];
  Object.assign(source, {
    describe(ids: IdList) {
      asked.push(...ids);
      return Promise.resolve([{ path: "six.jpg" }]);
    },
  });
  await using one = loader({ onCorrupt: "mask" });
  const paths: (string | undefined)[] = [];
  for await (using batch of one) paths.push(...batch.errors.map(({ path }) => path));
  assertEquals(paths, ["six.jpg"]);
  assertEquals(asked, ["00000000-0000-0000-0000-000000000006"]);
});
