/**
 * `deno task cassandra start|stop|status`: a real Apache Cassandra on this machine.
 *
 * With `CASSANDRA_CONTACT_POINTS` set nothing is started: that server is used.
 */
import { parseArgs } from "node:util";
import {
  cassandraPid,
  type ServerOptions,
  startCassandra,
  stopCassandra,
} from "./cassandra/server.ts";

const USAGE = `deno task cassandra start|stop|status [options]
  --port N           port for CQL (default 9142)
  --data DIR         folder for data and logs (default below the cache folder)
  --auth             ask for a user name and a password (cassandra, cassandra)
  --tls              ask for TLS with a client's certificate
  --max-mutation N   largest mutation in MiB (default 16)
  --heap N           largest heap in MiB (default 1024)`;

const { values, positionals } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: {
    port: { type: "string" },
    data: { type: "string" },
    auth: { type: "boolean" },
    tls: { type: "boolean" },
    "max-mutation": { type: "string" },
    heap: { type: "string" },
  },
});

function number(name: "port" | "max-mutation" | "heap"): number | undefined {
  const text = values[name];
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  console.error(`Cannot use --${name} as it must be a positive integer: received "${text}"`);
  Deno.exit(2);
}

const options: ServerOptions = {
  port: number("port"),
  data: values.data,
  auth: values.auth,
  tls: values.tls,
  maxMutationMiB: number("max-mutation"),
  heapMiB: number("heap"),
  say: (line) => console.error(line),
};
const named = Deno.env.get("CASSANDRA_CONTACT_POINTS");
switch (positionals[0]) {
  case "start":
    if (named) console.log(`${named} (from CASSANDRA_CONTACT_POINTS; nothing was started)`);
    else {
      const { host, port, pid, started } = await startCassandra(options);
      console.log(`${host}:${port} (process ${pid}${started ? "" : ", was running"})`);
    }
    break;
  case "stop": {
    const pid = await stopCassandra(options);
    console.log(pid === undefined ? "no server was running" : `stopped process ${pid}`);
    break;
  }
  case "status": {
    const pid = await cassandraPid(options);
    if (named) console.log(`${named} (from CASSANDRA_CONTACT_POINTS)`);
    else if (pid === undefined) console.log("not running");
    else console.log(`127.0.0.1:${options.port ?? 9142} (process ${pid})`);
    break;
  }
  default:
    console.error(USAGE);
    Deno.exit(2);
}
