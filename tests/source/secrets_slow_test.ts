import { assert, assertEquals } from "@std/assert";
import { listCassandra } from "../../src/dataset/list_cassandra.ts";
import { CassandraWriter } from "../../src/dataset/cassandra_writer.ts";
import { verifyCassandra } from "../../src/dataset/verify.ts";
import { CassetteError } from "../../src/errors.ts";
import { formatId, IdList } from "../../src/ids.ts";
import { CassandraSource } from "../../src/source/cassandra.ts";
import { notRun } from "../../tools/not_run.ts";
import { ECHOES } from "../../tools/rude_server/lies.ts";
import { startRudeServer } from "../../tools/rude_server/server.ts";
import { blobOf, IDS, KEYSPACE } from "../../tools/rude_server/tables.ts";
import { lackingNative } from "./native.ts";
import { seen } from "./seen.ts";

const PASSWORD = 'pass\'word "ö" of ours';
const noNative = await lackingNative();

for (const driver of ["js", "native"] as const) {
  const name = `cassandra, ${driver} driver: no error shows a password that a server repeats`;
  Deno.test({
    name,
    ignore: notRun(name, driver === "native" ? noNative : undefined),
    async fn() {
      let [errors, told] = [0, 0];
      for (const lie of ECHOES) {
        await using server = startRudeServer(lie, { auth: true });
        const messages: unknown[] = [];
        const place = {
          contactPoints: ["127.0.0.1"],
          port: server.port,
          username: "ann",
          password: PASSWORD,
          connectTimeout: 2_000,
          requestTimeout: 2_000,
          retries: 0,
          onLog: (message: unknown) => void messages.push(message),
          logLevel: "debug" as const,
        };
        const record = {
          id: IDS[0],
          path: "a.jpg",
          className: "a",
          label: 0,
          data: blobOf(IDS[0]),
        };
        const tasks: (() => Promise<unknown>)[] = [async () => {
          const options = { ...place, table: `${KEYSPACE}.data`, driver };
          await using source = await CassandraSource.open(options);
          using batch = await source.fetch(IdList.from([formatId(IDS[0])]));
          if (batch.error(0)) throw batch.error(0);
        }];
        if (driver === "js") {
          tasks.push(
            () => listCassandra({ ...place, table: `${KEYSPACE}.metadata` }),
            () => verifyCassandra({ ...place, keyspace: KEYSPACE }),
            async () => {
              await using writer = await CassandraWriter.open({ ...place, keyspace: KEYSPACE });
              await writer.createTables();
              await writer.write(record as never);
            },
          );
        }
        for (const task of tasks) {
          const error = await task().then(() => undefined, (error) => error);
          if (error === undefined) continue;
          errors++;
          assert(error instanceof CassetteError, `${lie.name}: ${Deno.inspect(error)}`);
          const all = seen(error) + seen(messages);
          for (const form of [PASSWORD, JSON.stringify(PASSWORD).slice(1, -1), btoa("ö")]) {
            if (form.length > 4) assertEquals(all.includes(form), false, `${lie.name}: ${all}`);
          }
          if (all.includes("has password …")) told++;
        }
      }
      assert(errors >= ECHOES.length / 2, `${errors} errors`);
      assert(told > 0, "no server has told anything");
    },
  });
}
