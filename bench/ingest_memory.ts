/** Memory of an ingest and a list, each in a process as `cassette` has; size and load time of a list file. */
import { join } from "@std/path";
import { createTarPacker } from "modern-tar";
import { ingest } from "../src/dataset/ingest.ts";
import type { DatasetInput } from "../src/dataset/input.ts";
import { listSqlite, scanSqlite } from "../src/dataset/list.ts";
import { ListBuilder } from "../src/dataset/list_builder.ts";
import { ListSpool } from "../src/dataset/list_spool.ts";
import { readList, writeList } from "../src/dataset/list_file.ts";
import { tarInput } from "../src/dataset/tar.ts";
import { SqliteWriter } from "../src/dataset/sqlite_writer.ts";
import { importFlags, SMALL_HEAP } from "../tools/imports.ts";
import { median } from "./compare.ts";

/** What one process took at most. */
export interface Memory {
  /** Rows that were ingested, then listed. */
  rows: number;
  /** Peak resident memory of the process that ingested, in MiB. */
  ingest: number;
  /** The same of the process that listed, the list in memory. */
  list: number;
  /** The same of the process that listed into a file. */
  listFile: number;
}

/**
 * Measures peak memory at several numbers of rows.
 *
 * @param sizes The numbers of rows.
 * @returns A line for each.
 */
export async function memoryAtSizes(sizes: readonly number[]): Promise<Memory[]> {
  const found: Memory[] = [];
  for (const rows of sizes) {
    const dir = await Deno.makeTempDir({ prefix: "cassette-memory-" });
    try {
      const path = join(dir, "set.sqlite");
      found.push({
        rows,
        ingest: await peak(["ingest", path, String(rows)]),
        list: await peak(["list", path, String(rows)]),
        listFile: await peak(["listFile", path, String(rows)]),
      });
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  }
  return found;
}

/** What ingesting one tar file took at most. */
export interface TarMemory {
  /** Size of the file, in MiB. */
  tarMiB: number;
  /** Peak resident memory of the process that ingested it, in MiB. */
  ingest: number;
}

/**
 * Measures peak memory of an ingest from one tar file.
 *
 * @param pictures Pictures in it, of 100 KB.
 * @returns Size and memory.
 */
export async function memoryOfTar(pictures: number): Promise<TarMemory> {
  const dir = await Deno.makeTempDir({ prefix: "cassette-memory-" });
  try {
    const tar = join(dir, "one.tar");
    const { readable, controller } = createTarPacker();
    const written = readable.pipeTo((await Deno.create(tar)).writable);
    for (let i = 0; i < pictures; i++) {
      const data = picture(100_000, i);
      const entry = controller.add({ name: `one/${i}.jpg`, size: data.length, type: "file" });
      const writer = entry.getWriter();
      await writer.write(data);
      await writer.close();
    }
    controller.finalize();
    await written;
    const { size } = await Deno.stat(tar);
    return {
      tarMiB: Math.round(size / 2 ** 20),
      ingest: await peak(["tar", join(dir, "set.sqlite"), String(pictures), tar]),
    };
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** What a list file of many samples takes. */
export interface ListFile {
  /** Samples in it, each with one of 1,000 classes. */
  rows: number;
  /** Its size, in bytes. */
  bytes: number;
  /** Milliseconds to read it, the checksum checked; the middle one of five times. */
  loadMs: number;
}

/**
 * Measures a list file.
 *
 * @param rows Samples in it.
 * @returns Its size and how long it loads.
 */
export async function listFile(rows: number): Promise<ListFile> {
  const builder = new ListBuilder();
  const id = new Uint8Array(16);
  for (let i = 0; i < rows; i++) {
    const label = i % 1000;
    builder.add(crypto.getRandomValues(id), label, `n${String(label).padStart(8, "0")}`);
  }
  const path = await Deno.makeTempFile({ suffix: ".list" });
  try {
    await writeList(path, builder.build());
    const times: number[] = [];
    for (let run = 0; run < 5; run++) {
      const start = performance.now();
      const { ids } = await readList(path);
      times.push(performance.now() - start);
      if (ids.length !== rows) throw new Error(`${ids.length} of ${rows} samples`);
    }
    return { rows, bytes: (await Deno.stat(path)).size, loadMs: Math.round(median(times)) };
  } finally {
    await Deno.remove(path);
  }
}

async function peak(args: string[]): Promise<number> {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "-q", SMALL_HEAP, ...await importFlags(), import.meta.filename!, ...args],
    stderr: "inherit",
  }).output();
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}`);
  return Number(new TextDecoder().decode(stdout));
}

/** Pictures that are made as they are asked for: 4 KiB that begin as a JPEG file does. */
function madeInput(rows: number): DatasetInput {
  return {
    name: "made",
    classes: ["one"],
    async *items() {
      for (let i = 0; i < rows; i++) {
        yield {
          path: `one/${i}.jpg`,
          className: "one",
          label: 0,
          read: () => Promise.resolve({ data: picture(4096, i) }),
        };
      }
    },
    position: (done) => ({ done, total: rows, unit: "rows" }),
  };
}

/** Bytes that begin as a JPEG file does, different for each number. */
function picture(length: number, number: number): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array(length);
  data.set([0xff, 0xd8, 0xff]);
  new DataView(data.buffer).setUint32(4, number);
  return data;
}

if (import.meta.main) {
  const [task, path, rows, tar] = Deno.args;
  if (task === "ingest") {
    await using writer = new SqliteWriter(path);
    const { written } = await ingest(madeInput(Number(rows)), writer);
    if (written !== Number(rows)) throw new Error(`${written} written`);
  } else if (task === "tar") {
    await using writer = new SqliteWriter(path);
    const { written } = await ingest(await tarInput([tar], { classes: ["one"] }), writer);
    if (written !== Number(rows)) throw new Error(`${written} written`);
  } else if (task === "list") {
    const { ids } = listSqlite(path);
    if (ids.length !== Number(rows)) throw new Error(`${ids.length} listed`);
  } else {
    using spool = new ListSpool(`${path}.list`);
    scanSqlite(path, {}, spool);
    const { samples } = await spool.finish();
    if (samples !== Number(rows)) throw new Error(`${samples} listed`);
  }
  const status = await Deno.readTextFile("/proc/self/status");
  console.log(Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)![1]) / 1024));
}
