/** Random inputs full of collisions against a model: each picture is stored once, or named as left out. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { packTar } from "modern-tar";
import { DatabaseSync } from "node:sqlite";
import { Readable } from "node:stream";
import {
  csvInput,
  type DatasetInput,
  folderInput,
  ingest,
  type IngestReport,
  linesInput,
  SqliteWriter,
  tarInput,
} from "../../mod.ts";
import { tempFolder } from "../../tools/temp.ts";
import { writeFiles } from "./pictures.ts";

const ROUNDS = 150;
/** Few names, so that they meet; two of them are one in another normalisation. */
const NAMES = ["a", "b", "caf\u00e9", "cafe\u0301", "d"];
const FOLDERS = ["x", "y", "x/z"];

/** A picture as the model has it. */
interface Picture {
  path: string;
  /** What it holds; bad ones are no pictures. */
  data: Uint8Array;
  good: boolean;
}

let state = 0;
function random(most: number): number {
  state = Math.imul(state, 1664525) + 1013904223 >>> 0;
  return Math.floor(state / 2 ** 32 * most);
}
const pick = <T>(items: readonly T[]): T => items[random(items.length)];

let made = 0;
/** A picture of its own: one in eight does not begin as a picture does. */
function picture(path: string): Picture {
  const good = random(8) > 0;
  const data = new Uint8Array(16);
  if (good) data.set([0xff, 0xd8, 0xff]);
  new DataView(data.buffer).setUint32(8, ++made);
  return { path, data, good };
}

type Made = { pictures: Picture[]; open: () => Promise<DatasetInput> };

async function folders(): Promise<Made> {
  const root = tempFolder();
  const chosen = ["train", "val", "test"].slice(0, 1 + random(3));
  const pictures: Picture[] = [];
  for (const folder of chosen) {
    const names = new Set(
      Array.from({ length: 1 + random(6) }, () => `${pick(FOLDERS)}/${pick(NAMES)}`),
    );
    for (const name of names) {
      const one = picture(`${chosen.length > 1 ? `${folder}/` : ""}${name}.jpg`);
      pictures.push(one);
      await writeFiles(join(root, folder), { [`${name}.jpg`]: one.data });
    }
    await writeFiles(join(root, folder), { "x/notes.txt": "" });
  }
  // Folders are walked in the order in which they are given, and names within each as they are sorted.
  const key = ({ path }: Picture) => {
    const [first, ...rest] = path.split("/");
    return chosen.length > 1 ? [String(chosen.indexOf(first)), ...rest] : [first, ...rest];
  };
  pictures.sort((a, b) => compare(key(a), key(b)));
  return { pictures, open: () => folderInput(chosen.map((name) => join(root, name))) };
}

function compare(a: string[], b: string[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    if (a[i] !== b[i]) {
      return a[i] < b[i] ? -1 : 1;
    }
  }
  return a.length - b.length;
}

async function shards(): Promise<Made> {
  const root = tempFolder();
  const files = pick([["s.tar"], ["a/s.tar", "b/s.tar"], ["s.tar", "t.tar", "u/s.tar"]]);
  const pictures: Picture[] = [];
  for (const file of files) {
    const own = Array.from(
      { length: 1 + random(6) },
      () => picture(`${pick(FOLDERS)}/${pick(NAMES)}.jpg`),
    );
    const entries = own.map(({ path, data }) => ({
      header: { name: path, size: data.length },
      body: data,
    }));
    await writeFiles(root, { [file]: await packTar(entries) });
    const shard = file.replace(".tar", "");
    pictures.push(...own.map((one) => ({ ...one, path: `${shard}/${one.path}` })));
  }
  const paths = files.map((file) => join(root, file));
  return { pictures, open: () => tarInput(paths, { classes: ["x", "y"] }) };
}

async function manifest(): Promise<Made> {
  const root = tempFolder();
  const rows = Array.from({ length: 1 + random(8) }, () => `${pick(FOLDERS)}/${pick(NAMES)}.jpg`);
  const files = new Map(rows.map((path) => [path, picture(path)]));
  for (const { path, data } of files.values()) await writeFiles(root, { [path]: data });
  await writeFiles(root, {
    "m.csv": ["path,label", ...rows.map((path, i) => `${path},${i}`)].join("\n"),
  });
  // A row is a picture with its label: two of one path are two.
  return {
    pictures: rows.map((path) => files.get(path)!),
    open: () => csvInput(join(root, "m.csv")),
  };
}

function lines(): Promise<Made> {
  const pictures = Array.from(
    { length: 1 + random(8) },
    () => picture(`${pick(FOLDERS)}/${pick(NAMES)}.jpg`),
  );
  const text = pictures.map(({ path, data }) =>
    `${JSON.stringify({ path, label: 1, data: data.toBase64() })}\n`
  );
  return Promise.resolve({
    pictures,
    open: () => Promise.resolve(linesInput(Readable.from(text))),
  });
}

/** Contents by path, as they are stored. */
function stored(path: string): Map<string, string> {
  using database = new DatabaseSync(path, { readOnly: true });
  const rows = database.prepare("SELECT path, data FROM metadata JOIN data USING (id)").all();
  return new Map(
    rows.map(({ path, data }) => [String(path).normalize("NFC"), (data as Uint8Array).toHex()]),
  );
}

Deno.test("every picture of random inputs is stored once, or is left out by name", async () => {
  let refused = 0;
  let replaced = 0;
  for (let round = 0; round < ROUNDS; round++) {
    state = Math.imul(round, 2654435761) >>> 0;
    const path = join(tempFolder(), "set.sqlite");
    const model = new Map<string, string>();
    for (let run = 0; run < 3; run++) {
      const { pictures, open } = await pick([folders, shards, manifest, lines])();
      const seen = new Set<string>();
      const outcome = { written: 0, replaced: 0 };
      const left: string[] = [];
      for (const { path, data, good } of pictures) {
        const name = path.normalize("NFC");
        if (seen.has(name) || !good) left.push(path);
        else {
          outcome[model.has(name) ? "replaced" : "written"]++;
          model.set(name, data.toHex());
        }
        seen.add(name);
      }
      // An abort on the way changes nothing of what there is in the end, but that less is left to do.
      const abort = random(3) === 0 ? 1 + random(pictures.length) : Infinity;
      const report = await fill(await open(), path, abort, open);
      const where = `round ${round}, run ${run}`;
      assertEquals(report.rejected.map(({ path }) => path), left, where);
      const { written, unchanged } = report;
      assertEquals(
        written + report.replaced + unchanged,
        outcome.written + outcome.replaced,
        where,
      );
      if (abort === Infinity) {
        assertEquals([written, report.replaced], Object.values(outcome), where);
      }
      for (const { path, reason } of report.rejected) {
        assert(reason.message.includes(path), reason.message);
      }
      assertEquals(stored(path), model, where);
      refused += left.length;
      replaced += report.replaced;
    }
  }
  // The names did meet.
  assert(refused > ROUNDS && replaced > ROUNDS / 4, `${refused} left out, ${replaced} replaced`);
});

async function fill(
  input: DatasetInput,
  path: string,
  abortAfter: number,
  again: () => Promise<DatasetInput>,
): Promise<IngestReport> {
  if (abortAfter < Infinity) {
    const controller = new AbortController();
    let done = 0;
    const onProgress = () => ++done >= abortAfter && controller.abort(new Error("enough"));
    await using writer = new SqliteWriter(path);
    await ingest(input, writer, { onProgress, signal: controller.signal, concurrency: 2 })
      .catch((error) => assertEquals(error.message, "enough"));
    input = await again();
  }
  await using writer = new SqliteWriter(path);
  return await ingest(input, writer);
}
