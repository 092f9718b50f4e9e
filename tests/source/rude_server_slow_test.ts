/** Both drivers and the client of lists against a server that lies in every way it can. */
import { assert, assertEquals } from "@std/assert";
import { cacheFolder } from "../../src/ffi/cache.ts";
import { notRun } from "../../tools/not_run.ts";
import { LIES, type NamedLie } from "../../tools/rude_server/lies.ts";
import type { Kind } from "../../tools/rude_server/server.ts";
import { lackingNative } from "./native.ts";
import type { Task } from "./rude_client.ts";
import { RudeClients, type Seen } from "./rude_run.ts";

const noNative = await lackingNative();
/** Tries, their waits, a close, and what a busy machine adds. */
const LIMIT_MS = 10_000;
const PEAK_MIB = 300;
/**
 * Lies that the native driver's own parser does not survive, before any of our code sees them: a
 * stranger must be kept out of the stream by TLS.
 */
const CRASHES: ReadonlySet<string> = new Set([
  "half a header, then silence",
  "a frame of negative length",
  "a column of type list in a list in a list …",
  "a cell of two billion bytes",
  "an answer cut in half at schema",
]);

/**
 * Lies that the native driver hides from the shim: it reads over them, or is not told them, as it
 * knows the columns of what it has prepared and does not ask for them again.
 */
const HIDDEN: ReadonlySet<string> = new Set([
  "a column too many",
  "columns of other names",
  "no columns told, though they were asked for",
  "a label of type float",
  "data of type text",
  "two billion columns",
  "a negative number of columns",
  "a compressed body",
  "an unknown version",
]);

/**
 * What the native driver does in its own time: it takes memory for all that comes of a frame, and
 * keeps a connection for 12 s whose host lets it connect and then says nothing.
 */
const OWN_TIME: ReadonlySet<string> = new Set([
  "a frame without end",
  "silence at system",
  "silence at schema",
]);

/** What a lie has come to, in one line of the table. */
function line(lie: NamedLie, who: string, seen: Seen): string {
  const results = seen.ended ??
    Object.entries(seen.results).map(([name, count]) => count === 1 ? name : `${count} × ${name}`)
      .join(", ");
  return `| ${lie.name} | ${who} | ${
    results.split("\n")[0].slice(0, 80)
  } | ${seen.milliseconds} | ${seen.peakMiB} |`;
}

/** What is wrong with how a client took a lie. */
function faultOf(lie: NamedLie, seen: Seen): string | undefined {
  const { results, ended, milliseconds, peakMiB, left } = seen;
  if (ended !== undefined) return `the process ended: ${ended}`;
  if (results.wrong) return "something wrong was taken for right";
  const untyped = Object.keys(results).find((name) => name.startsWith("untyped"));
  if (untyped) return untyped;
  const errors = Object.keys(results).some((name) => name.endsWith("Error"));
  if (lie.may === "error" && results.right) return "a lie was taken for right";
  if (lie.may === "right" && errors) return "the truth was refused";
  if (milliseconds > LIMIT_MS) return `it took ${milliseconds} ms`;
  if (peakMiB > PEAK_MIB) return `it took ${peakMiB} MiB`;
  if (left > 0) return `${left} connections are left`;
}

/** What is wrong with how the native driver took a lie, as far as the shim can see it. */
function nativeFaultOf(lie: NamedLie, seen: Seen): string | undefined {
  if (!HIDDEN.has(lie.name)) return faultOf(lie, seen);
  // The bytes of a float are those of an integer where no type is told.
  const { wrong: _, ...results } = seen.results;
  return faultOf({ ...lie, may: "either" }, { ...seen, results });
}

/** Has a client go through lies, and tells what is wrong with how it took them. */
async function takeAll(
  task: Omit<Task, "port">,
  lies: readonly NamedLie[],
  judge: (lie: NamedLie, seen: Seen) => string | undefined,
): Promise<void> {
  const clients = new RudeClients({ CASSETTE_CACHE: cacheFolder() });
  const healthy = await clients.run(task);
  assertEquals(Object.keys(healthy.results), ["right"], healthy.message);
  const faults: string[] = [];
  for (const lie of lies) {
    const seen = await clients.run(task, lie);
    console.log(line(lie, task.what === "fetch" ? task.driver : task.what, seen));
    const fault = judge(lie, seen);
    if (fault) faults.push(`${lie.name}: ${fault} (${seen.message})`);
  }
  const { code, lingered, errors } = await clients.end();
  assertEquals(faults, []);
  assertEquals(code, 0, errors);
  assert(lingered < 5_000, `it ended ${lingered} ms after its last line`);
}

for (const driver of ["js", "native"] as const) {
  const lacking = driver === "native" ? noNative : undefined;
  const judge = driver === "js" ? faultOf : nativeFaultOf;
  const lies = LIES.filter(({ name }) =>
    driver === "js" || !(CRASHES.has(name) || OWN_TIME.has(name))
  );

  const name =
    `cassandra, ${driver} driver: no lie of a server ends the process, nor passes for the truth`;
  Deno.test({
    name,
    ignore: notRun(name, lacking),
    fn: () => takeAll({ what: "fetch", driver }, lies, judge),
  });

  const aborting =
    `cassandra, ${driver} driver: an abort in the middle of a lie ends in time and leaves nothing`;
  Deno.test({
    name: aborting,
    ignore: notRun(aborting, lacking),
    async fn() {
      const slow = lies.filter(({ theme, name }) => theme === "frames" || /^silence/.test(name));
      await takeAll({ what: "abort", driver }, slow, (lie, seen) => {
        // What was right by the time of the abort is.
        return judge({ ...lie, may: "either" }, seen);
      });
    },
  });
}

Deno.test("no lie of a server ends a list, nor passes for the truth", async () => {
  // A table may hold an id more than once, in other partitions; and no column of a list is a blob.
  const lies = LIES.filter(({ name }) => name !== "two rows for one id");
  await takeAll({ what: "list", driver: "js" }, lies, (lie, seen) => {
    // Where no driver is needed, less is asked for.
    const untold = /of type text$/.test(lie.name) ||
      lie.at?.some((kind) => ["options", "register", "system", "prepare"].includes(kind));
    return faultOf(untold ? { ...lie, may: "either" } : lie, seen);
  });
});

Deno.test("no lie of a server ends a verification", async () => {
  const some = LIES.filter(({ name }, i) => i % 3 === 0 && name !== "two rows for one id");
  // It does not read labels.
  const judge = (lie: NamedLie, seen: Seen) =>
    faultOf(/^a label/.test(lie.name) ? { ...lie, may: "either" } : lie, seen);
  await takeAll({ what: "verify", driver: "js" }, some, judge);
});

Deno.test("no lie of a server ends an ingest, nor passes for an acknowledgement", async () => {
  const lies = LIES.map((lie) => lie.at || lie.accept ? lie : { ...lie, at: ["write"] as Kind[] })
    .filter(({ rows }) => !rows);
  await takeAll({ what: "ingest", driver: "js" }, lies, (lie, seen) => {
    // So little is said of a write that it is soon said slowly.
    const may = lie.name === "a byte every 20 ms" ? "either" : lie.may;
    return faultOf({ ...lie, may }, seen);
  });
});
