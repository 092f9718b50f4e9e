import { CassetteError, SchemaError } from "../errors.ts";
import { cassandraConfig, type CassandraOptions } from "../source/cassandra_config.ts";
import { type MetadataRow, type SampleList, sampleList } from "./list.ts";

/** Rows of one page. */
const PAGE = 5000;

/**
 * Reads the ids of a data set from a metadata table of Cassandra.
 *
 * @param options Where the cluster is; `table` names the metadata table with its keyspace.
 * @returns The ids with their labels.
 * @throws {ConnectError} If no contact point answers.
 * @throws {SchemaError} If the table or one of its columns is missing.
 */
export async function listCassandra(options: CassandraOptions): Promise<SampleList> {
  // Loaded only here: the driver is large, and SQLite does without it.
  const { connectClient } = await import("../source/cassandra_client.ts");
  const client = await connectClient(cassandraConfig(options));
  try {
    const rows: MetadataRow[] = [];
    const cql = `SELECT id, label, class FROM ${options.table}`;
    const result = await client.execute(cql, [], { prepare: true, fetchSize: PAGE });
    for await (const row of result) {
      rows.push({ id: row.id.getBuffer(), label: row.label, class: row.class });
    }
    return sampleList(rows);
  } catch (cause) {
    if (cause instanceof CassetteError) throw cause;
    throw new SchemaError(
      `Cannot list ${options.table} as it must be a table with columns id, label and class: received ${
        (cause as Error).message
      }`,
      { option: "table", cause },
    );
  } finally {
    await client.shutdown();
  }
}
