import type { GuardedClient } from "../source/cassandra_client.ts";
import type { types } from "cassandra-driver";
import { setTimeout as sleep } from "node:timers/promises";
import { AuthError, FetchError, SchemaError } from "../errors.ts";
import { backoffWait } from "../source/backoff.ts";
import { serverError } from "../source/server_error.ts";
import type { CassandraConfig } from "../source/cassandra_config.ts";
import { connectPlain, type CqlConnection, isPlain, Opcode, within } from "./cql_connection.ts";
import {
  type Cell,
  exactInteger,
  otherColumns,
  READ_TYPES,
  readRows,
  type RowPage,
  TextCache,
} from "./cql_rows.ts";
import { quote } from "../source/quote.ts";
import { PagePlaces } from "./page_places.ts";
import type { TableReader } from "./table_reader.ts";

/** What is read of a table. */
export interface TableScan {
  /** Exact name of the keyspace. */
  keyspace: string;
  /** Exact name of the table. */
  table: string;
  /** Exact names of the columns that are read. */
  columns: string[];
  /** CQL condition that the server checks on each row. */
  where?: string;
  /** Parts of the token ring that are read at once; 4 when left out. */
  concurrency?: number;
  /**
   * Takes the rows of one page. Each array is used again for the next row, and bytes in it are
   * views: what is kept must be copied.
   */
  onPage: (rows: Iterable<Cell[]>) => void | Promise<void>;
  /** Aborts with its reason. */
  signal?: AbortSignal;
}

/** What the parts of one scan share. */
interface ByteScan {
  texts: TextCache;
  /** Hosts that did not let connect: the driver, which knows others, reads their parts. */
  gone: Set<string>;
  /** Rows of the next page. */
  pageRows: number;
  /** Whether a part has failed: the others end with the page that they are at. */
  failed: boolean;
}

/**
 * Bytes that a page shall have, from which follow its rows: each page costs the server about a
 * millisecond, whatever its rows, and a large one takes memory at both ends.
 */
const PAGE_BYTES = 1 << 20;
/** Rows of a page until the bytes of a row are known: 1 MiB of ids, labels and short names. */
const FIRST_PAGE = 20_000;
/** Rows of a page where the driver reads, which makes an object of each. */
const DRIVER_PAGE = 10_000;
const [LEAST_PAGE, LARGEST_PAGE] = [100, 50_000];
/** Further tries of a page, unless the options say fewer. */
const RETRIES = 4;
/** Whatever the server says the driver has waited for, it is not waited for any longer than this. */
const GRACE_MS = 1_000;
/** Parts of the ring for each that is read at once, so that uneven parts even out. */
const PARTS = 3;
/**
 * Reads columns of all rows of a table: the token ring is cut into parts, and several parts are
 * read at once, each page by page, from a host that has them.
 *
 * Over plain connections rows are read from the bytes of the answers; over TLS, for columns of
 * unusual types, and where a host fails, `npm:cassandra-driver` reads the part.
 *
 * @param reader Knows tables and hosts.
 * @param config Where the cluster is.
 * @param scan What to read.
 * @throws {SchemaError} If the table or a column is missing, or the condition is wrong.
 * @throws {FetchError} If a part cannot be read after some attempts.
 */
export async function scanCassandra(
  reader: TableReader,
  config: CassandraConfig,
  scan: TableScan,
): Promise<void> {
  const { keyspace, table, columns, where, concurrency = 4 } = scan;
  const { partitionKey, types } = await reader.columns(keyspace, table);
  for (const column of columns) {
    if (types.has(column)) continue;
    throw new SchemaError(
      `Cannot list ${keyspace}.${table} as columns must be of ${
        [...types.keys()].map((name) => `"${name}"`).join(", ")
      }: received "${column}"`,
      { option: "columns" },
    );
  }
  const token = `token(${partitionKey.map(quote).join(", ")})`;
  const select = `SELECT ${columns.map(quote).join(", ")} FROM ${quote(keyspace)}.${quote(table)}`;
  const extra = where ? ` AND ${where} ALLOW FILTERING` : "";
  const plain = isPlain(config) && columns.every((name) => READ_TYPES.has(types.get(name)!));
  const parts = await reader.ring(keyspace, concurrency * PARTS);
  const state: ByteScan = {
    texts: new TextCache(),
    gone: new Set(),
    pageRows: FIRST_PAGE,
    failed: false,
  };
  const work = async () => {
    const connections = new Map<string, CqlConnection>();
    try {
      for (let part = parts.shift(); part && !state.failed; part = parts.shift()) {
        const upper = part.end === undefined ? "" : ` AND ${token} <= ${part.end}`;
        const cql = `${select} WHERE ${token} > ${part.start}${upper}${extra}`;
        const host = plain && !state.gone.has(part.host ?? "") ? part.host : undefined;
        const rest = host
          ? await readBytes(connections, host, config, cql, types, state, scan)
          : "";
        if (rest !== undefined && !state.failed) {
          const client = await reader.client();
          await readByDriver(client, config, cql, rest, types, state, scan);
        }
      }
    } catch (error) {
      state.failed = true;
      throw error;
    } finally {
      for (const connection of connections.values()) connection[Symbol.dispose]();
    }
  };
  const workers = Array.from({ length: concurrency }, work);
  try {
    await Promise.all(workers);
  } finally {
    // Nothing is read, and no row told, once this has failed.
    await Promise.allSettled(workers);
  }
}

/**
 * Reads a part over a plain connection.
 *
 * @returns Undefined when all was read, else the page (in hexadecimal, empty for the first) from
 *   which the driver must go on.
 */
async function readBytes(
  connections: Map<string, CqlConnection>,
  address: string,
  config: CassandraConfig,
  cql: string,
  types: ReadonlyMap<string, string>,
  state: ByteScan,
  scan: TableScan,
): Promise<string | undefined> {
  let pageState: Uint8Array | undefined;
  const places = new PagePlaces(`${scan.keyspace}.${scan.table}`);
  do {
    scan.signal?.throwIfAborted();
    let page: RowPage;
    try {
      const connection = connections.get(address) ??
        await connectPlain(address, config).catch((error) => {
          state.gone.add(address);
          throw error;
        });
      connections.set(address, connection);
      const answer = await within(
        connection.query(cql, config.consistency, state.pageRows, pageState),
        config.requestTimeout,
        scan.signal,
      );
      const { opcode, body } = answer;
      if (opcode !== Opcode.RESULT) throw new Error(connection.errorText(answer));
      page = readRows(body, state.texts);
      const other = otherColumns(page.columns, scan.columns, types);
      if (other) throw new Error(other);
      if (page.rowCount > 0) {
        const fitting = Math.round(PAGE_BYTES * page.rowCount / body.length);
        state.pageRows = Math.min(LARGEST_PAGE, Math.max(LEAST_PAGE, fitting));
      }
    } catch {
      connections.get(address)?.[Symbol.dispose]();
      connections.delete(address);
      scan.signal?.throwIfAborted();
      // The driver asks again, as often as it takes, and names what is wrong.
      return pageState?.toHex() ?? "";
    }
    await scan.onPage(page.rows);
    pageState = page.pageState;
    places.add(pageState?.toHex());
  } while (pageState && !state.failed);
}

async function readByDriver(
  client: GuardedClient,
  config: CassandraConfig,
  cql: string,
  first: string,
  columnTypes: ReadonlyMap<string, string>,
  state: ByteScan,
  scan: TableScan,
): Promise<void> {
  const { keyspace, table, columns, onPage, signal } = scan;
  const read = columns.map((name) => ({ name, isLong: LONG.has(columnTypes.get(name)!) }));
  const what = `Cannot list ${keyspace}.${table} as the server must read it`;
  const places = new PagePlaces(`${scan.keyspace}.${scan.table}`);
  // The driver's own time-out of each host comes first.
  const most = 2 * config.requestTimeout + GRACE_MS;
  let pageState: string | undefined = first || undefined;
  do {
    const options = { prepare: true, isIdempotent: true, fetchSize: DRIVER_PAGE, pageState };
    let page: types.ResultSet | undefined;
    for (let attempt = 1; page === undefined; attempt++) {
      try {
        page = await within(client.execute(cql, [], options), most, signal);
      } catch (cause) {
        signal?.throwIfAborted();
        const error = serverError(what, cause, "where");
        if (error instanceof SchemaError || error instanceof AuthError) throw error;
        if (attempt > Math.min(config.retries, RETRIES)) {
          throw new FetchError(error.message, { cause });
        }
        await sleep(backoffWait(attempt, config.backoff), undefined, { signal });
      }
    }
    const found = page.columns?.map(({ name, type }) => ({ name, type: type.code }));
    const other = found ? otherColumns(found, columns, columnTypes) : "a result without rows";
    if (other) throw new SchemaError(`${what} as it described it: received ${other}`);
    await onPage(
      page.rows.map((row) => read.map(({ name, isLong }) => plainCell(row[name], isLong))),
    );
    pageState = page.pageState ?? undefined;
    places.add(pageState);
  } while (pageState && !state.failed);
}

/** Types whose integers the driver has objects for. */
const LONG = new Set(["bigint", "counter", "varint"]);

function plainCell(value: unknown, isLong: boolean): Cell {
  if (value === null || value === undefined) return null;
  if (typeof value === "number" || value instanceof Uint8Array) return value;
  if (isLong) return exactInteger(BigInt(String(value)));
  const uuid = value as { getBuffer?: () => Uint8Array };
  return uuid.getBuffer ? uuid.getBuffer() : String(value);
}
