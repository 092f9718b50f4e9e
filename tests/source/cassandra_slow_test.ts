import { CassandraSource } from "../../src/source/cassandra.ts";
import { conformance } from "./conformance.ts";
import { connect, createTable, KEYSPACE, putRows } from "./tables.ts";
import { lackingNative } from "./native.ts";
import { testServer } from "./server.ts";

const { server, lacking } = await testServer();

for (const driver of ["native", "js"] as const) {
  const table = `${KEYSPACE}.conformance_${driver}`;
  conformance({
    name: `cassandra, ${driver} driver`,
    lacking: lacking ?? (driver === "native" ? await lackingNative() : undefined),
    async fill(rows) {
      await using client = await connect(server!);
      await createTable(client, table);
      await putRows(client, table, rows);
    },
    open: (labelType) =>
      CassandraSource.open({
        ...server!,
        table,
        driver,
        labelType,
        labelColumn: labelType === "blob" ? "mask" : "label",
      }),
  });
}
