/**
 * One run of `against.ts --fetch`: reads a table of Cassandra with the native driver of a checkout and
 * prints how long that took. Arguments: the checkout, the server as JSON, the table, a file of ids.
 */
import { join, toFileUrl } from "@std/path";
import process from "node:process";
import type * as Cassette from "../mod.ts";

const BATCH = 128;
const AHEAD = 8;
const EPOCHS = 12;

const [root, server, table, file] = Deno.args;
const cassette: typeof Cassette = await import(toFileUrl(join(root, "mod.ts")).href);
const bytes = await Deno.readFile(file);
const options = { ...JSON.parse(server), table, driver: "native" };
await using source = await cassette.CassandraSource.open(options);

/** Reads the table so often; gives the number of blobs. */
async function read(epochs: number): Promise<number> {
  const batches = Math.floor(bytes.length / 16 / BATCH);
  const ahead: Promise<Cassette.BlobBatch>[] = [];
  for (let asked = 0, done = 0; done < batches * epochs; done++) {
    for (; ahead.length < AHEAD && asked < batches * epochs; asked++) {
      const from = (asked % batches) * BATCH * 16;
      ahead.push(source.fetch(new cassette.IdList(bytes.subarray(from, from + BATCH * 16))));
    }
    using batch = await ahead.shift()!;
    batch.blob(0);
  }
  return batches * epochs * BATCH;
}

await read(2);
const before = process.cpuUsage();
const start = performance.now();
const blobs = await read(EPOCHS);
const milliseconds = performance.now() - start;
const { user, system } = process.cpuUsage(before);
console.log(JSON.stringify({ milliseconds, cpuMicroseconds: (user + system) / blobs }));
Deno.exit(0);
