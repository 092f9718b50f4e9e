import { assert, assertEquals } from "@std/assert";
import cassandra from "cassandra-driver";
import { Socket } from "node:net";
import { formatId, IdList } from "../../src/ids.ts";
import { CassandraSource } from "../../src/source/cassandra.ts";
import { connectClient } from "../../src/source/cassandra_client.ts";
import { cassandraConfig } from "../../src/source/cassandra_config.ts";
import { ConnectionGuard } from "../../src/source/cassandra_guard.ts";
import { startRudeServer } from "../../tools/rude_server/server.ts";
import { IDS, KEYSPACE } from "../../tools/rude_server/tables.ts";

const TABLE = `${KEYSPACE}.data`;

function configOf(port: number, options = {}) {
  return cassandraConfig({
    contactPoints: ["127.0.0.1"],
    port,
    table: TABLE,
    connectTimeout: 500,
    ...options,
  });
}

/** A guard with a connection over this socket, as the driver would have made it. */
function guardOf(socket: Socket): ConnectionGuard {
  const options = {};
  const guard = new ConnectionGuard({ options } as unknown as cassandra.Client, 1 << 20);
  guard.opened({ options, netClient: socket, clearAndInvokePending() {} } as never);
  return guard;
}

Deno.test("a connection that is not there yet gets one listener, however often it is told", () => {
  const socket = new Socket();
  const guard = guardOf(socket);
  for (let i = 0; i < 20; i++) guard.unref();
  assertEquals(socket.listenerCount("connect"), 1);
});

Deno.test("a driver's idle connection that no one answers any more is found by its heartbeat", async () => {
  await using server = startRudeServer();
  const client = await connectClient(configOf(server.port), { heartbeat: 50 });
  try {
    while (server.open < 2) await new Promise((done) => setTimeout(done, 10));
    const before = server.accepted;
    server.freeze();
    // The driver connects anew once it knows, and fills its pool once it is asked for something.
    const asks = () => client.execute("SELECT key FROM system.local", [], { prepare: false });
    while (!await asks().then(() => true, () => false)) {
      await new Promise((done) => setTimeout(done, 10));
    }
    while (server.accepted < before + 2) await new Promise((done) => setTimeout(done, 10));
  } finally {
    await client.shutdown();
  }
});

Deno.test("a data centre that is not there is named, and no connection stays", async () => {
  await using server = startRudeServer();
  const options = { contactPoints: ["127.0.0.1"], port: server.port, table: TABLE };
  const error = await CassandraSource.open({
    ...options,
    driver: "js",
    localDatacenter: "elsewhere",
  }).then(() => undefined, (error) => error);
  assertEquals(error?.option, "localDatacenter");
  assert(error.message.includes('must be "datacenter1"'), error.message);
  while (server.open > 0) await new Promise((done) => setTimeout(done, 5));
});

Deno.test("without a named data centre one client connects, once", async () => {
  await using server = startRudeServer();
  const client = await connectClient(configOf(server.port, { connectionsPerHost: 1 }));
  assertEquals(server.accepted, 1);
  await client.shutdown();
});

Deno.test("an answer far beyond maxBlobBytes is one LimitsError, and is not kept", async () => {
  for (const bytes of [2_000, 17 << 20]) {
    await using server = startRudeServer({
      name: "a blob that is too long",
      rows: (rows) =>
        // One of four samples only.
        rows.cells[0][0]![0] === IDS[1][0]
          ? { ...rows, cells: rows.cells.map((row) => [new Uint8Array(bytes), ...row.slice(1)]) }
          : rows,
    });
    const options = { contactPoints: ["127.0.0.1"], port: server.port, table: TABLE };
    await using source = await CassandraSource.open({
      ...options,
      driver: "js",
      maxBlobBytes: 1_000,
    });
    using batch = await source.fetch(IdList.from(IDS.slice(0, 4).map((id) => formatId(id))));
    assertEquals([0, 1, 2, 3].map((i) => batch.error(i)?.name), [
      undefined,
      "LimitsError",
      undefined,
      undefined,
    ]);
    assertEquals(server.accepted, 2);
  }
});

Deno.test("what the guard stands on in the driver is there", () => {
  const { FrameHeader } = cassandra.types as unknown as { FrameHeader: unknown };
  assertEquals(typeof FrameHeader, "function");
  assertEquals(String(cassandra.version), "4.10.0");
});
