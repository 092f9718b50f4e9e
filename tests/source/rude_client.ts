/**
 * A client of the rude server, in a process of its own: it takes tasks from standard input, one
 * JSON object a line, and tells what came of each.
 */
import { TextLineStream } from "./lines.ts";
import { listCassandra } from "../../src/dataset/list_cassandra.ts";
import { CassandraWriter } from "../../src/dataset/cassandra_writer.ts";
import { verifyCassandra } from "../../src/dataset/verify.ts";
import { CassetteError } from "../../src/errors.ts";
import { formatId, IdList } from "../../src/ids.ts";
import { CassandraSource } from "../../src/source/cassandra.ts";
import type { CassandraOptions } from "../../src/source/cassandra_options.ts";
import { blobOf, IDS, KEYSPACE, labelOf } from "../../tools/rude_server/tables.ts";

/** What the client is to do. */
export interface Task {
  /** `fetch` opens a source and fetches; `abort` goes away in the middle of that. */
  what: "fetch" | "abort" | "list" | "ingest" | "verify";
  driver: "native" | "js";
  port: number;
  options?: Partial<CassandraOptions>;
}

/** What came of a task. */
export interface Outcome {
  /** What the samples or the whole have become: `right`, `wrong`, or the class of an error. */
  results: Record<string, number>;
  /** A message of an error, for reading. */
  message: string;
  milliseconds: number;
  /** Highest memory during the task, beyond that before it. */
  peakMiB: number;
  /** Memory afterwards, beyond that before it. */
  heldMiB: number;
}

/** Times that the client waits, in milliseconds. */
export const TIMES = { requestTimeout: 500, connectTimeout: 500, retries: 1, backoff: 20 };
const BATCH = 8;

async function perform(task: Task, results: Record<string, number>): Promise<string> {
  const { driver, port, what } = task;
  const place = { contactPoints: ["127.0.0.1"], port, ...TIMES, ...task.options };
  let message = "";
  const count = (what: string) => results[what] = (results[what] ?? 0) + 1;
  const failed = (error: unknown) => {
    // An abort by `AbortSignal.timeout` rejects with its own reason.
    const known = error instanceof CassetteError ||
      (what === "abort" && (error as Error)?.name === "TimeoutError");
    count(known ? (error as Error).name : `untyped ${error}`);
    message ||= (error as Error)?.message;
  };
  try {
    if (what === "list") {
      const { ids, classes } = await listCassandra({ ...place, table: `${KEYSPACE}.metadata` });
      const right = ids.length === IDS.length && classes.size === IDS.length &&
        new Set(Array.from({ length: ids.length }, (_, i) => ids.at(i))).size === ids.length;
      count(right ? "right" : "wrong");
    } else if (what === "verify") {
      const report = await verifyCassandra({ ...place, keyspace: KEYSPACE });
      const { metadataRows, dataRows, missing, different, doubled } = report;
      const right = [metadataRows, dataRows, missing + different + doubled].join() ===
        [IDS.length, IDS.length, 0].join();
      count(right ? "right" : "wrong");
    } else if (what === "ingest") {
      await using writer = await CassandraWriter.open({ ...place, keyspace: KEYSPACE });
      await writer.createTables();
      await writer.isEmpty();
      const record = { id: IDS[0], path: "a.jpg", className: "a", label: 0, data: blobOf(IDS[0]) };
      await writer.origin(record as never);
      await writer.write(record as never);
      await writer.flush();
      count("right");
    } else {
      const table = `${KEYSPACE}.data`;
      await using source = await CassandraSource.open({ ...place, table, driver });
      const ids = IDS.slice(0, BATCH);
      const list = IdList.from(ids.map((id) => formatId(id)));
      const signal = what === "abort" ? AbortSignal.timeout(100) : undefined;
      using batch = await source.fetch(list, { signal });
      for (let i = 0; i < BATCH; i++) {
        const error = batch.error(i);
        if (error) failed(error);
        else {
          const [blob, right] = [batch.blob(i), blobOf(ids[i])];
          const same = blob.length === right.length && blob.every((byte, k) => byte === right[k]);
          count(same && batch.label(i) === labelOf(ids[i]) ? "right" : "wrong");
        }
      }
    }
  } catch (error) {
    failed(error);
  }
  return message;
}

const rss = () => Deno.memoryUsage().rss / 2 ** 20;

async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) {
    (globalThis as { gc?(): void }).gc?.();
    await new Promise((done) => setTimeout(done, 20));
  }
}

if (import.meta.main) {
  const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).pipeThrough(
    new TextLineStream(),
  );
  for await (const line of lines) {
    await settle();
    const before = rss();
    let peak = before;
    const timer = setInterval(() => peak = Math.max(peak, rss()), 20);
    const results: Record<string, number> = {};
    const begin = performance.now();
    const message = await perform(JSON.parse(line), results);
    const milliseconds = Math.round(performance.now() - begin);
    clearInterval(timer);
    peak = Math.max(peak, rss());
    await settle();
    const outcome: Outcome = {
      results,
      message: message.slice(0, 300),
      milliseconds,
      peakMiB: Math.round(peak - before),
      heldMiB: Math.round(rss() - before),
    };
    console.log(JSON.stringify(outcome));
  }
  console.log("end");
}
