import { assert, assertEquals, assertRejects } from "@std/assert";
import { ConnectError } from "../../mod.ts";
import { connectPlain } from "../../src/dataset/cql_connection.ts";
import { cassandraConfig } from "../../src/source/cassandra_config.ts";

Deno.test("a host that accepts and says nothing is given up, and its connection closed", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const served = (async () => {
    using connection = await listener.accept();
    const bytes = new Uint8Array(1024);
    let asked = 0;
    for (let read; (read = await connection.read(bytes)) !== null;) asked += read;
    return asked;
  })();
  const config = cassandraConfig({
    contactPoints: ["127.0.0.1"],
    table: "a.b",
    connectTimeout: 50,
  });
  await assertRejects(
    () => connectPlain(`127.0.0.1:${listener.addr.port}`, config),
    ConnectError,
    "no answer within 50 ms",
  );
  // It comes to its end once the other side has closed.
  assert(await served > 0);
});

Deno.test("a host that refuses or hangs up is a ConnectError that names it", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const address = `127.0.0.1:${listener.addr.port}`;
  const config = cassandraConfig({ contactPoints: ["127.0.0.1"], table: "a.b" });
  const served = listener.accept().then((connection) => connection.close());
  const error = await assertRejects(() => connectPlain(address, config), ConnectError, address);
  assertEquals(error.code, "CONNECT");
  await served;
  listener.close();
  await assertRejects(() => connectPlain(address, config), ConnectError, address);
});
