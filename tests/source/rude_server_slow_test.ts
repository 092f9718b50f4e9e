/** Both drivers and the client of lists against a server that lies in every way it can. */
import { assert, assertEquals } from "@std/assert";
import { cacheFolder } from "../../src/ffi/cache.ts";
import { notRun } from "../../tools/not_run.ts";
import { LIES, type NamedLie } from "../../tools/rude_server/lies.ts";
import { lackingNative } from "./native.ts";
import { TIMES } from "./rude_client.ts";
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

/** Lies that the native driver hides from the shim: the driver itself reads over them. */
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

for (const driver of ["js", "native"] as const) {
  const name =
    `cassandra, ${driver} driver: no lie of a server ends the process, nor passes for the truth`;
  Deno.test({
    name,
    ignore: notRun(name, driver === "native" ? noNative : undefined),
    async fn() {
      const clients = new RudeClients({ CASSETTE_CACHE: cacheFolder() });
      const healthy = await clients.run({ what: "fetch", driver });
      assertEquals(healthy.results, { right: 8 }, healthy.message);
      const faults: string[] = [];
      for (const lie of LIES) {
        const spared = [CRASHES, HIDDEN, OWN_TIME].some((names) => names.has(lie.name));
        if (driver === "native" && spared) continue;
        const seen = await clients.run({ what: "fetch", driver }, lie);
        console.log(line(lie, driver, seen));
        const fault = faultOf(lie, seen);
        if (fault) faults.push(`${lie.name}: ${fault} (${seen.message})`);
      }
      const { code, lingered, errors } = await clients.end();
      assertEquals(faults, []);
      assertEquals(code, 0, errors);
      assert(
        lingered < TIMES.requestTimeout + 5_000,
        `it ended ${lingered} ms after its last line`,
      );
    },
  });
}
