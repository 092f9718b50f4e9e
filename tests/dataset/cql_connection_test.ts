import { assert, assertEquals, assertRejects } from "@std/assert";
import { ConnectError } from "../../mod.ts";
import { connectPlain, errorText, Opcode } from "../../src/dataset/cql_connection.ts";
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

/** A frame of an answer. */
function frame(opcode: number, body: number[] = [], flags = 0): Uint8Array {
  return Uint8Array.of(0x84, flags, 0, 0, opcode, 0, 0, 0, body.length, ...body);
}

Deno.test("warnings before an answer are passed over, and an error is read behind them", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const warnings = [0, 2, 0, 3, 97, 98, 99, 0, 1, 100];
  const answers = [
    frame(Opcode.READY),
    frame(Opcode.RESULT, [...warnings, 0, 0, 0, 1], 0x08),
    frame(Opcode.RESULT, [0, 0, 0, 1]),
    frame(Opcode.ERROR, [...warnings, 0, 0, 0x20, 0, 0, 2, 110, 111], 0x08),
  ];
  const served = (async () => {
    using connection = await listener.accept();
    for (const answer of answers) {
      const request = new Uint8Array(1024);
      await connection.read(request);
      answer.set(request.subarray(2, 4), 2);
      await connection.write(answer);
    }
  })();
  const config = cassandraConfig({ contactPoints: ["127.0.0.1"], table: "a.b" });
  using connection = await connectPlain(`127.0.0.1:${listener.addr.port}`, config);
  for (let i = 0; i < 2; i++) {
    const { opcode, body } = await connection.query("SELECT", 1, 10);
    assertEquals([opcode, ...body], [Opcode.RESULT, 0, 0, 0, 1]);
  }
  assertEquals(errorText((await connection.query("SELECT", 1, 10)).body), "no");
  await served;
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
