import type { GuardedClient } from "../source/cassandra_client.ts";
import type { CassandraConfig } from "../source/cassandra_config.ts";
import { literal, quote } from "../source/quote.ts";
import { serverError } from "../source/server_error.ts";
import { CLASSES_KEY, parseClasses } from "./cassandra_classes.ts";
import { FetchError } from "../errors.ts";
import { Cursor, ProtocolFault } from "../source/cql_frame.ts";
import { connectPlain, type CqlConnection, isPlain, Opcode, within } from "./cql_connection.ts";
import { type Cell, otherColumns, readRows, TextCache } from "./cql_rows.ts";
import { cutRing, cutRingByDriver, type RingPart, type TokenOwner } from "./ring.ts";
import { type ColumnRow, columnsOf, type TableColumns, tableColumns } from "./table_columns.ts";

const ONE = 1;
/** Rows of one answer: a table has fewer columns, a cluster fewer hosts. */
const PAGE = 5000;
const HIGHEST_TOKEN = 2n ** 63n - 1n;
const PARTITIONER = "org.apache.cassandra.dht.Murmur3Partitioner";

/**
 * Tells what a scan must know of a table and its cluster. Over a plain connection it asks the first
 * host that answers; else, and where that is not enough, `npm:cassandra-driver`, which takes longer
 * to load and to connect.
 */
export class TableReader implements AsyncDisposable {
  readonly #config: CassandraConfig;
  readonly #columns = new Map<string, Promise<TableColumns>>();
  readonly #given: GuardedClient | undefined;
  #client: Promise<GuardedClient> | undefined;
  #plain: Promise<{ connection: CqlConnection; host: string } | undefined> | undefined;

  /**
   * @param config Where the cluster is.
   * @param client A client that is connected already; the caller shuts it down.
   */
  constructor(config: CassandraConfig, client?: GuardedClient) {
    this.#config = config;
    this.#given = client;
  }

  /**
   * The driver, connected when it is first asked for.
   *
   * @returns The client.
   * @throws {ConnectError} If no contact point answers.
   */
  client(): Promise<GuardedClient> {
    if (this.#given) return Promise.resolve(this.#given);
    // Loaded only here: the driver is large, and SQLite does without it.
    return this.#client ??= import("../source/cassandra_client.ts")
      .then(({ connectClient }) => connectClient(this.#config));
  }

  /**
   * The columns of a table.
   *
   * @param keyspace Exact name of the keyspace.
   * @param table Exact name of the table.
   * @returns Its columns.
   * @throws {SchemaError} If there is no such table.
   */
  columns(keyspace: string, table: string): Promise<TableColumns> {
    const key = JSON.stringify([keyspace, table]);
    const found = this.#columns.get(key) ?? this.#findColumns(keyspace, table);
    this.#columns.set(key, found);
    return found;
  }

  /**
   * The classes of a data set.
   *
   * @param keyspace Exact name of the keyspace.
   * @param table Exact name of the table of classes.
   * @returns Number of each class; none where there is no such table.
   * @throws {SchemaError} If the table holds something else.
   */
  async classes(keyspace: string, table: string): Promise<Map<string, number>> {
    const found = await this.#askTexts(
      "SELECT column_name FROM system_schema.columns " +
        `WHERE keyspace_name = ${literal(keyspace)} AND table_name = ${literal(table)}`,
    );
    if (!["name", "classes"].every((name) => found.includes(name))) return new Map();
    const [text] = await this.#askTexts(
      `SELECT classes FROM ${quote(keyspace)}.${quote(table)} WHERE name = ${literal(CLASSES_KEY)}`,
    );
    return parseClasses(text, `${keyspace}.${table}`);
  }

  /** The first column of some rows. */
  async #askTexts(cql: string): Promise<string[]> {
    const rows = await this.#ask(cql);
    if (rows) return rows.map(([text]) => String(text ?? ""));
    const client = await this.client();
    const { rows: found } = await client.execute(cql).catch((error) => {
      throw serverError(`Cannot read ${this.#config.table} as its server must answer`, error);
    });
    return (found ?? []).map((row) => String(row.get(0) ?? ""));
  }

  async #findColumns(keyspace: string, table: string): Promise<TableColumns> {
    const rows = await this.#ask(
      "SELECT column_name, kind, position, type FROM system_schema.columns " +
        `WHERE keyspace_name = ${literal(keyspace)} AND table_name = ${literal(table)}`,
    );
    if (!rows?.length) return await tableColumns(await this.client(), keyspace, table);
    const described = rows.map(([column_name, kind, position, type]) => ({
      column_name,
      kind,
      position,
      type,
    }));
    return columnsOf(described as unknown as ColumnRow[], `${keyspace}.${table}`);
  }

  /**
   * Cuts the token ring into parts.
   *
   * @param keyspace Exact name of the keyspace.
   * @param least Number of parts, at least.
   * @returns The parts, each with a host that has it.
   */
  async ring(keyspace: string, least: number): Promise<RingPart[]> {
    const owners = await this.#owners();
    if (owners?.length) return cutRing(owners, least);
    const parts = cutRingByDriver(await this.client(), keyspace, least);
    if (parts.length > 0) return parts;
    throw new FetchError(
      `Cannot list keyspace ${keyspace} as the cluster must tell its tokens: received none`,
    );
  }

  /** Tokens of the hosts of the data centre. */
  async #owners(): Promise<TokenOwner[] | undefined> {
    const local = await this.#ask("SELECT partitioner, data_center, tokens FROM system.local");
    const peers = local && await this.#ask(
      "SELECT data_center, tokens, native_address, native_port FROM system.peers_v2",
    );
    const [partitioner, center, tokens] = local?.[0] ?? [];
    if (!peers || partitioner !== PARTITIONER) return undefined;
    const wanted = this.#config.localDatacenter ?? center;
    const plain = await this.#plain;
    if (!plain) return undefined;
    const { host } = plain;
    const owners = [
      ...(center === wanted ? owned(tokens, host) : []),
      ...peers.filter((peer) => peer[0] === wanted).flatMap(([, tokens, address, port]) =>
        address instanceof Uint8Array ? owned(tokens, `${inet(address)}:${port}`) : []
      ),
    ];
    // A part would be left out, or read twice.
    const isRing = owners.every((owner) => owner) &&
      new Set(owners.map((owner) => owner!.token)).size === owners.length;
    return isRing ? owners as TokenOwner[] : undefined;
  }

  /** @returns The rows; undefined where the driver must be asked. */
  async #ask(cql: string): Promise<Cell[][] | undefined> {
    const plain = await (this.#plain ??= this.#connect());
    if (!plain) return undefined;
    try {
      const { opcode, body } = await within(
        plain.connection.query(cql, ONE, PAGE),
        this.#config.requestTimeout,
      );
      if (opcode !== Opcode.RESULT) return undefined;
      const { rows, pageState, columns } = readRows(body, new TextCache());
      const wanted = /^SELECT (.+?) FROM/.exec(cql)![1].split(", ");
      if (pageState || otherColumns(columns, wanted)) return undefined;
      return Array.from(rows, (row) => row.map(copied));
    } catch {
      // The driver asks again, and names what is wrong.
      plain.connection[Symbol.dispose]();
      this.#plain = Promise.resolve(undefined);
      return undefined;
    }
  }

  async #connect(): Promise<{ connection: CqlConnection; host: string } | undefined> {
    if (this.#given || !isPlain(this.#config)) return undefined;
    for (const address of this.#config.contactPoints) {
      const host = `${address}:${this.#config.port}`;
      try {
        return { connection: await connectPlain(host, this.#config), host };
      } catch {
        // The next one may answer.
      }
    }
  }

  /** Closes what it has opened. */
  async [Symbol.asyncDispose](): Promise<void> {
    (await this.#plain)?.connection[Symbol.dispose]();
    const client = await this.#client?.catch(() => undefined);
    await client?.shutdown();
  }
}

/** Bytes of a cell may be a view that the next row is written into. */
function copied(cell: Cell): Cell {
  return cell instanceof Uint8Array ? cell.slice() : cell;
}

/**
 * A set of texts: their number, then each with its length (CQL binary protocol v4, section 6.18).
 * What is no token of the ring is undefined.
 */
function owned(set: Cell | undefined, host: string): (TokenOwner | undefined)[] {
  if (!(set instanceof Uint8Array)) return [undefined];
  const cursor = new Cursor(set);
  try {
    const count = cursor.count("tokens", cursor.int(), 4);
    return Array.from({ length: count }, () => {
      const text = new TextDecoder().decode(cursor.bytes());
      const token = /^-?\d{1,19}$/.test(text) ? BigInt(text) : HIGHEST_TOKEN + 1n;
      return BigInt.asIntN(64, token) === token ? { token, host } : undefined;
    });
  } catch (error) {
    if (error instanceof ProtocolFault) return [undefined];
    throw error;
  }
}

function inet(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  const groups = Array.from({ length: 8 }, (_, i) => (bytes[2 * i] << 8 | bytes[2 * i + 1]));
  return `[${groups.map((group) => group.toString(16)).join(":")}]`;
}
