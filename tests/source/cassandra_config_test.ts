import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { CassandraSource } from "../../src/source/cassandra.ts";
import { cassandraConfig, type CassandraOptions } from "../../src/source/cassandra_config.ts";
import { UsageError } from "../../src/errors.ts";

const good: CassandraOptions = { contactPoints: ["127.0.0.1"], table: "imagenette.data_224" };

Deno.test("what is left out has its default", () => {
  const { keyspace, tableName, port, dataColumn, labelColumn, labelType, consistency, driver } =
    cassandraConfig(good);
  assertEquals(
    { keyspace, tableName, port, dataColumn, labelColumn, labelType, consistency, driver },
    {
      keyspace: "imagenette",
      tableName: "data_224",
      port: 9042,
      dataColumn: "data",
      labelColumn: "label",
      labelType: "int",
      consistency: 10,
      driver: "auto",
    },
  );
});

Deno.test("a quoted table name may hold any character", () => {
  const { keyspace, tableName } = cassandraConfig({ ...good, table: '"My.Space"."a ""b"""' });
  assertEquals([keyspace, tableName], ["My.Space", 'a "b"']);
});

const wrong: [string, Record<string, unknown>, RegExp][] = [
  ["contactPoints", { contactPoints: [] }, /at least one host: received \[\]/],
  ["contactPoints", { contactPoints: "127.0.0.1" }, /a list .*: received "127\.0\.0\.1"/],
  ["contactPoints", { contactPoints: ["a:9042"] }, /without a port .*: received "a:9042"/],
  ["contactPoints", { contactPoints: ["a,b"] }, /received "a,b"/],
  ["table", { table: "data" }, /a keyspace and a table.*: received "data"/],
  ["table", { table: "a.b; DROP" }, /received "a\.b; DROP"/],
  ["port", { port: 0 }, /from 1 to 65535: received 0/],
  ["port", { port: "9042" }, /received "9042"/],
  ["labelType", { labelType: "text" }, /"int", "blob", "none": received "text"/],
  ["consistency", { consistency: "most" }, /"localQuorum".*: received "most"/],
  ["driver", { driver: "rust" }, /"auto", "native", "js": received "rust"/],
  ["idColumn", { idColumn: "" }, /received ""/],
  ["username", { username: "ann" }, /./],
  ["password", { password: "hunter2" }, /./],
  ["requestTimeout", { requestTimeout: -1 }, /received -1/],
  ["maxInFlight", { maxInFlight: 70_000 }, /at most 32768 × connectionsPerHost \(2\)/],
  ["retries", { retries: 1.5 }, /from 0 to 16: received 1.5/],
  ["copyThreads", { copyThreads: 65 }, /from 1 to 64: received 65/],
  ["maxBlobBytes", { maxBlobBytes: 0 }, /from 1 to 2147483647: received 0/],
  ["onWarning", { onWarning: "print" }, /a function: received "print"/],
  ["conatctPoints", { conatctPoints: [] }, /no such option/],
];

for (const [option, part, message] of wrong) {
  const text = JSON.stringify(part);
  Deno.test(`${text} is refused, naming the option`, async () => {
    const error = await assertRejects(
      () => CassandraSource.open({ ...good, ...part } as CassandraOptions),
      UsageError,
    );
    const expected = option === "username"
      ? "password"
      : option === "password"
      ? "username"
      : option;
    assertEquals(error.option, expected);
    assertMatch(error.message, message);
    assertEquals(error.message.includes("hunter2"), false);
  });
}

Deno.test("a password of a wrong type is not shown", async () => {
  const options = { ...good, username: "ann", password: 12345 as unknown as string };
  const error = await assertRejects(() => CassandraSource.open(options), UsageError);
  assertMatch(error.message, /a value of type number/);
  assertEquals(error.message.includes("12345"), false);
});
