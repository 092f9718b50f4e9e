import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { CassandraSource } from "../../src/source/cassandra.ts";
import type { CassandraOptions } from "../../src/source/cassandra_config.ts";
import {
  AuthError,
  type CassetteError,
  ConnectError,
  SchemaError,
  UsageError,
} from "../../src/errors.ts";
import { IdList } from "../../src/ids.ts";
import { notRun } from "../../tools/not_run.ts";
import { connect, createTable, KEYSPACE, putRows } from "./tables.ts";
import { lackingNative } from "./native.ts";
import { testServer } from "./server.ts";

type ErrorClass = new (message: string) => CassetteError;

const open = await testServer();
const guarded = await testServer({ port: 9143, auth: true, heapMiB: 512 });
const noNative = await lackingNative();
const TABLE = `${KEYSPACE}.errors`;
const PASSWORD = "a secret that no message shows";

for (const driver of ["native", "js"] as const) {
  const lackingDriver = driver === "native" ? noNative : undefined;

  const test = (what: string, lacking: string | undefined, fn: () => Promise<void>): void => {
    const name = `cassandra, ${driver} driver: ${what}`;
    Deno.test({ name, ignore: notRun(name, lacking ?? lackingDriver), fn });
  };

  const refused = async (
    options: Partial<CassandraOptions>,
    Class: ErrorClass,
    message: RegExp,
    option: string,
  ): Promise<void> => {
    const whole = { ...open.server!, table: TABLE, driver, ...options };
    const error = await assertRejects(() => CassandraSource.open(whole), Class);
    assertMatch(error.message, message);
    assertEquals(error.option, option);
    assertEquals(Deno.inspect(error).includes(PASSWORD), false);
  };

  test("a wrong name or type is a SchemaError", open.lacking, async () => {
    await using client = await connect(open.server!);
    await createTable(client, TABLE);
    for (const name of ["texts", "pairs"]) {
      await client.run(`DROP TABLE IF EXISTS ${KEYSPACE}.${name}`);
    }
    await client.run(
      `CREATE TABLE ${KEYSPACE}.texts (name text PRIMARY KEY, data text, label int)`,
    );
    await client.run(
      `CREATE TABLE ${KEYSPACE}.pairs (id uuid, part uuid, data blob, label int, PRIMARY KEY (id, part))`,
    );
    const schema = (options: Partial<CassandraOptions>, message: RegExp, option: string) =>
      refused(options, SchemaError, message, option);
    await schema({ table: "nowhere.data" }, /keyspace must be one of .*"nowhere"/, "table");
    await schema({ table: `${KEYSPACE}.nothing` }, /"errors".*: received "nothing"/, "table");
    await schema({ idColumn: "id" }, /"patch_id".*: received "id"/, "idColumn");
    await schema({ idColumn: "label" }, /uuid or timeuuid: received int/, "idColumn");
    await schema({ dataColumn: "image" }, /one of .*: received "image"/, "dataColumn");
    await schema({ dataColumn: "label" }, /type blob: received int/, "dataColumn");
    await schema({ labelColumn: "class" }, /received "class"/, "labelColumn");
    await schema({ labelColumn: "mask" }, /type int .*: received blob/, "labelColumn");
    await schema({ labelType: "blob" }, /type blob .*: received int/, "labelColumn");
    await schema({ table: `${KEYSPACE}.texts` }, /uuid or timeuuid: received text/, "idColumn");
    await schema({ table: `${KEYSPACE}.pairs` }, /primary key, \(id, part\)/, "idColumn");
  });

  test("a server that is not there is a ConnectError", undefined, async () => {
    const begin = performance.now();
    await refused(
      { contactPoints: ["127.0.0.1"], port: 9, connectTimeout: 2_000 },
      ConnectError,
      /127\.0\.0\.1 \(port 9\)/,
      "contactPoints",
    );
    await refused(
      { contactPoints: ["no-such-host.invalid"], port: 9042, connectTimeout: 2_000 },
      ConnectError,
      /no-such-host\.invalid/,
      "contactPoints",
    );
    assert(performance.now() - begin < 20_000);
  });

  test("something else that listens is a ConnectError", undefined, async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const serving = (async () => {
      for await (const connection of listener) {
        await connection.write(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"));
        connection.close();
      }
    })();
    await refused(
      { contactPoints: ["127.0.0.1"], port: listener.addr.port, connectTimeout: 2_000 },
      ConnectError,
      /127\.0\.0\.1/,
      "contactPoints",
    );
    listener.close();
    await serving.catch(() => {});
  });

  test("a wrong data centre is named with the right one", open.lacking, async () => {
    await refused(
      { localDatacenter: "mars" },
      UsageError,
      /must be "datacenter1".*: received "mars"/,
      "localDatacenter",
    );
    const options = { ...open.server!, table: TABLE, driver, localDatacenter: "datacenter1" };
    await using source = await CassandraSource.open(options);
    assertEquals(source.driver, driver);
  });

  test("a table that goes away fails its samples", open.lacking, async () => {
    await using client = await connect(open.server!);
    const table = `${KEYSPACE}.goes_away_${driver}`;
    await createTable(client, table);
    const id = crypto.randomUUID();
    await putRows(client, table, [{ id, data: new Uint8Array(3), label: 1, mask: null }]);
    await using source = await CassandraSource.open({ ...open.server!, table, driver });
    using _ = await source.fetch(IdList.from([id]));
    await client.run(`DROP TABLE ${table}`);
    using batch = await source.fetch(IdList.from([id]));
    const error = batch.error(0);
    assert(error instanceof SchemaError, `${error}`);
    assertEquals(error.sampleId, id);
    assertMatch(error.message, driver === "js" ? /must be one of keyspace/ : /does not exist/);
    // It is told at once, and not after all retries.
    const begin = performance.now();
    for (let i = 0; i < 5; i++) {
      using next = await source.fetch(IdList.from(Array(200).fill(id)));
      assertEquals([next.failures, next.error(199)?.code], [200, "SCHEMA"]);
    }
    assert(performance.now() - begin < 10_000);
  });

  test("a blob or label over maxBlobBytes is a LimitsError", open.lacking, async () => {
    await using client = await connect(open.server!);
    const table = `${KEYSPACE}.limits`;
    await createTable(client, table);
    const rows = [[3, 3], [4, 3], [3, 4]].map(([data, mask]) => ({
      id: crypto.randomUUID(),
      data: new Uint8Array(data),
      label: 1,
      mask: new Uint8Array(mask),
    }));
    await putRows(client, table, rows);
    const options = { ...open.server!, table, driver, maxBlobBytes: 3 };
    await using source = await CassandraSource.open({
      ...options,
      labelType: "blob",
      labelColumn: "mask",
    });
    using batch = await source.fetch(IdList.from(rows.map(({ id }) => id)));
    assertEquals([batch.failures, batch.blob(0).length], [2, 3]);
    for (const [i, column] of [[1, "data"], [2, "mask"]] as const) {
      const { code, option, sampleId, message } = batch.error(i)!;
      assertEquals([code, option, sampleId], ["LIMITS", "maxBlobBytes", rows[i].id]);
      assertMatch(message, new RegExp(`its ${column} must have at most 3 bytes.*received 4 bytes`));
    }
  });

  test("a table made anew with other labels gives none for right", open.lacking, async () => {
    await using client = await connect(open.server!);
    const id = crypto.randomUUID();
    for (const [type, value] of [["float", "7.5"], ["bigint", "7"], ["text", "'four'"]]) {
      const table = `${KEYSPACE}.made_anew_${type}`;
      await createTable(client, table);
      await putRows(client, table, [{ id, data: new Uint8Array(3), label: 1, mask: null }]);
      await using source = await CassandraSource.open({ ...open.server!, table, driver });
      using first = await source.fetch(IdList.from([id]));
      assertEquals([first.failures, first.label(0)], [0, 1]);
      await client.run(`DROP TABLE ${table}`);
      await client.run(
        `CREATE TABLE ${table} (patch_id uuid PRIMARY KEY, data blob, label ${type})`,
      );
      await client.run(
        `INSERT INTO ${table} (patch_id, data, label) VALUES (${id}, 0xff, ${value})`,
      );
      using batch = await source.fetch(IdList.from([id]));
      const error = batch.error(0);
      assert(error instanceof SchemaError, `${type}: ${error}`);
      assertMatch(error.message, driver === "js" ? /"label" of type .* in place of/ : /label/);
      assertEquals(batch.label(0), null);
    }
  });

  test("who may not read gets an AuthError", guarded.lacking, async () => {
    await using client = await connect(guarded.server!, {
      username: "cassandra",
      password: "cassandra",
    });
    await createTable(client, TABLE);
    await client.run("CREATE ROLE IF NOT EXISTS ann WITH LOGIN = true AND PASSWORD = 'right'");
    await client.run(`GRANT SELECT ON ${TABLE} TO ann`);
    await client.run("CREATE ROLE IF NOT EXISTS bob WITH LOGIN = true AND PASSWORD = 'right'");
    const auth = (credentials: Partial<CassandraOptions>, message: RegExp, option: string) =>
      refused({ ...guarded.server!, ...credentials }, AuthError, message, option);
    await auth({ username: "ann", password: PASSWORD }, /user "ann"/, "password");
    await auth({ username: "nobody", password: PASSWORD }, /user "nobody"/, "password");
    await auth({}, /must be given: received none/, "username");
    await auth({ username: "bob", password: "right" }, /user "bob".*permission/, "table");
    const options = { ...guarded.server!, table: TABLE, driver };
    await using source = await CassandraSource.open({
      ...options,
      username: "ann",
      password: "right",
    });
    using batch = await source.fetch(IdList.from([crypto.randomUUID()]));
    assertEquals(batch.error(0)?.code, "MISSING_SAMPLE");
  });
}
