/** What the server says of itself, its schema and its data. */
import { dataTypes, metadataTypes, wholeSchema } from "../../src/dataset/schema.ts";
import { cell, type Column, type Rows, type TypeName } from "./frames.ts";

/** Keyspace of the data set. */
export const KEYSPACE = "rude";
/** Samples of the data set. */
export const SAMPLES = 24;
const HOST_ID = new Uint8Array(16).fill(7);
const LOWEST = -(2n ** 63n);

/** Ids of the samples. */
export const IDS: Uint8Array<ArrayBuffer>[] = Array.from({ length: SAMPLES }, (_, i) => {
  const id = new Uint8Array(16).fill(i + 1);
  id[6] = 0x40;
  id[8] = 0x80;
  return id;
});

/** The blob of an id. */
export function blobOf(id: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: 1_000 }, (_, i) => id[i % 16] ^ (i >> 4));
}

/** The label of an id. */
export function labelOf(id: Uint8Array): number {
  return id[15];
}

interface Table {
  columns: Column[];
  /** Values of each row by column; a text that is compared with what a query asks for. */
  rows: Record<string, unknown>[];
}

const schema = wholeSchema();
const tables: Record<string, { name: string; type: TypeName; kind: string }[]> = {
  data: columnsOf(dataTypes(schema)),
  metadata: columnsOf(metadataTypes(schema)),
};

function columnsOf(types: readonly (readonly [string, string])[]) {
  return types.map(([name, type], i) => ({
    name,
    type: type as TypeName,
    kind: i === 0 ? "partition_key" : "regular",
  }));
}

/** Type of a column of the data set's tables or of the schema's. */
export function typeOf(table: string, column: string): TypeName {
  const found = tables[table]?.find(({ name }) => name === column)?.type ??
    system[table]?.columns.find(({ name }) => name === column)?.type;
  return found ?? "text";
}

function texts(...names: string[]): Column[] {
  return names.map((name) => ({ name, type: "text" }));
}

const local = {
  key: "local",
  bootstrapped: "COMPLETED",
  cluster_name: "rude",
  cql_version: "3.4.7",
  data_center: "datacenter1",
  rack: "rack1",
  release_version: "4.0.11",
  partitioner: "org.apache.cassandra.dht.Murmur3Partitioner",
  native_protocol_version: "4",
  host_id: HOST_ID,
  schema_version: HOST_ID,
  tokens: ["0"],
  rpc_address: Uint8Array.of(127, 0, 0, 1),
  listen_address: Uint8Array.of(127, 0, 0, 1),
  broadcast_address: Uint8Array.of(127, 0, 0, 1),
};
const localTypes: Record<string, TypeName> = {
  host_id: "uuid",
  schema_version: "uuid",
  tokens: "set",
  rpc_address: "inet",
  listen_address: "inet",
  broadcast_address: "inet",
};

const system: Record<string, Table> = {
  local: {
    columns: Object.keys(local).map((name) => ({ name, type: localTypes[name] ?? "text" })),
    rows: [local],
  },
  peers: {
    columns: [
      { name: "peer", type: "inet" },
      ...texts("data_center", "rack", "release_version"),
      { name: "host_id", type: "uuid" },
      { name: "rpc_address", type: "inet" },
      { name: "schema_version", type: "uuid" },
      { name: "tokens", type: "set" },
    ],
    rows: [],
  },
  peers_v2: {
    columns: [
      { name: "peer", type: "inet" },
      { name: "peer_port", type: "int" },
      ...texts("data_center", "rack", "release_version"),
      { name: "host_id", type: "uuid" },
      { name: "native_address", type: "inet" },
      { name: "native_port", type: "int" },
      { name: "schema_version", type: "uuid" },
      { name: "tokens", type: "set" },
    ],
    rows: [],
  },
  keyspaces: {
    columns: [
      { name: "keyspace_name", type: "text" },
      { name: "durable_writes", type: "boolean" },
      { name: "replication", type: "map" },
    ],
    rows: [{
      keyspace_name: KEYSPACE,
      durable_writes: true,
      replication: [
        "class",
        "org.apache.cassandra.locator.SimpleStrategy",
        "replication_factor",
        "1",
      ],
    }],
  },
  tables: {
    columns: texts("keyspace_name", "table_name"),
    rows: Object.keys(tables).map((table_name) => ({ keyspace_name: KEYSPACE, table_name })),
  },
  columns: {
    columns: [
      ...texts("keyspace_name", "table_name", "column_name", "clustering_order", "kind"),
      { name: "position", type: "int" },
      { name: "type", type: "text" },
    ],
    rows: Object.entries(tables).flatMap(([table_name, columns]) =>
      columns.map(({ name, type, kind }) => ({
        keyspace_name: KEYSPACE,
        table_name,
        column_name: name,
        clustering_order: "none",
        kind,
        position: kind === "partition_key" ? 0 : -1,
        type,
      }))
    ),
  },
};

/** What a statement asks for. */
export interface Asked {
  keyspace: string;
  table: string;
  /** Columns by name; empty for all of them. */
  names: string[];
  /** Values that columns must have: texts of the statement, bytes of what was bound. */
  where: Record<string, string | Uint8Array | null>;
  /** Part of the token ring, for a scan. */
  range?: [after: bigint, upTo: bigint];
}

/** Answers a SELECT; undefined if there is no such table. */
export async function select(asked: Asked): Promise<Rows | undefined> {
  const { keyspace, table } = asked;
  if (keyspace !== KEYSPACE) {
    const found = system[table] ?? { columns: texts("keyspace_name"), rows: [] };
    const rows = found.rows.filter((row) =>
      Object.entries(asked.where).every(([name, value]) =>
        (value instanceof Uint8Array ? new TextDecoder().decode(value) : value) === row[name]
      )
    );
    return project(asked, found.columns, rows);
  }
  const columns = tables[table];
  if (!columns) return undefined;
  let ids = asked.where.origin === undefined ? IDS : [];
  const id = asked.where.id;
  if (typeof id === "string") ids = IDS.filter((each) => each.toHex() === id.replaceAll("-", ""));
  // Whatever is asked for in a fetch is there, but not what a writer looks for.
  else if (id) ids = table === "data" ? [Uint8Array.from(id)] : [];
  if (id instanceof Uint8Array && id.every((byte) => byte === 0)) ids = [];
  if (asked.range) {
    const [after, upTo] = asked.range;
    const step = 2n ** 64n / BigInt(SAMPLES + 1);
    ids = IDS.filter((_, i) => {
      const token = LOWEST + step * BigInt(i + 1);
      return token > after && token <= upTo;
    });
  }
  const rows = await Promise.all(ids.map(async (id) => ({
    id,
    data: blobOf(id),
    label: labelOf(id),
    path: `class${id[15]}/picture.jpg`,
    class: `class${id[15]}`,
    bytes: 1_000,
    hash: new Uint8Array(await crypto.subtle.digest("SHA-256", blobOf(id))),
    origin: new Uint8Array(32),
  })));
  return project(asked, columns, rows);
}

function project(asked: Asked, known: Column[], rows: Record<string, unknown>[]): Rows {
  const columns = asked.names.length === 0
    ? known
    : asked.names.map((name) => asBlob(known, name) ?? known.find((column) => column.name === name))
      .filter((c) => !!c);
  return {
    keyspace: asked.keyspace,
    table: asked.table,
    columns: columns.map(({ name, type, was }) => ({ name, type, was })),
    cells: rows.map((row) => columns.map(({ name, type, was }) => cell(was ?? type, row[name]))),
  };
}

/** A column that is asked for as `intAsBlob(name)`. */
function asBlob(known: Column[], name: string): Column | undefined {
  const inner = /^intasblob\("?(\w+)"?\)$/i.exec(name)?.[1];
  return known.some((column) => column.name === inner)
    ? { name: inner!, type: "blob", was: "int" }
    : undefined;
}
