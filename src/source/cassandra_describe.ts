import { formatId, ID_BYTES, type IdList } from "../ids.ts";
import type { CassandraConfig } from "./cassandra_config.ts";
import { quote } from "./quote.ts";
import type { SampleDescription } from "./source.ts";

/** Ids that one query asks for. */
const AT_ONCE = 64;

/**
 * Looks up the paths of samples in the metadata table, where ids are the whole key of it.
 *
 * @param config Names of keyspace, table and column.
 * @param ids The ids.
 * @param ask Runs a query whose columns are an id, as a UUID string, and a text.
 * @returns What is known of each.
 */
export async function describeSamples(
  { keyspace, metadataTable, metadataIdColumn }: CassandraConfig,
  ids: IdList,
  ask: (cql: string) => Promise<[id: string, path: string | null][]>,
): Promise<SampleDescription[]> {
  const paths = new Map<string, string>();
  const id = quote(metadataIdColumn);
  const texts = Array.from({ length: ids.length }, (_, i) => formatId(ids.bytes, i * ID_BYTES));
  try {
    for (let first = 0; first < texts.length; first += AT_ONCE) {
      const some = texts.slice(first, first + AT_ONCE).join(", ");
      const rows = await ask(
        `SELECT ${id}, path FROM ${quote(keyspace)}.${
          quote(metadataTable)
        } WHERE ${id} IN (${some})`,
      );
      for (const [key, path] of rows) if (path) paths.set(key, path);
    }
  } catch {
    // Tables without metadata, or partitioned by something else, name no paths.
  }
  return texts.map((text) => paths.has(text) ? { path: paths.get(text) } : {});
}
