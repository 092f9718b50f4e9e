/** One batch of 128 blobs of about 110 KB and of 10 KB from each source. */
import { CassandraSource } from "../src/source/cassandra.ts";
import { SqliteSource } from "../src/source/sqlite.ts";
import { benchDatabase, KEYSPACE } from "./fetch_data.ts";

const BATCH = 128;
const WARM_UP = 30;
const { server, tables, sqlite } = await benchDatabase();

for (const { name, bytes, ids } of tables) {
  const group = `${BATCH} blobs of about ${Math.round(bytes / 1000)} KB`;
  const table = `${KEYSPACE}.${name}`;
  const sources = [
    await CassandraSource.open({ ...server, table, driver: "native" }),
    await CassandraSource.open({ ...server, table, driver: "js" }),
    await SqliteSource.open({ path: sqlite, table: name, idColumn: "patch_id" }),
  ];
  // The server compiles what is asked often: without this, who comes first pays for it.
  for (let i = 0; i < WARM_UP; i++) {
    for (const source of sources) {
      (await source.fetch(ids.pick([...Array(BATCH).keys()])))[Symbol.dispose]();
    }
  }
  for (const source of sources) {
    let next = 0;
    Deno.bench({
      name: `${source.name}, ${group}`,
      group,
      baseline: source === sources[0],
      async fn() {
        const from = next;
        next = (next + BATCH) % ids.length;
        using batch = await source.fetch(
          ids.pick(Array.from({ length: BATCH }, (_, i) => from + i)),
        );
        if (batch.failures > 0) throw new Error("a sample failed");
      },
    });
  }
}
