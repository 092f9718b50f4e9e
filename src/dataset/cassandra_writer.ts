import type { Client } from "cassandra-driver";
import { Buffer } from "node:buffer";
import { IngestError } from "../errors.ts";
import { formatId } from "../ids.ts";
import { cassandraConfig, type CassandraOptions } from "../source/cassandra_config.ts";
import { type DatasetWriter, recordName, type SampleRecord } from "./record.ts";
import type { DatasetTables } from "./sqlite_writer.ts";

/** Options of {@linkcode CassandraWriter.open}. */
export interface CassandraWriterOptions extends Omit<CassandraOptions, "table"> {
  /** Keyspace of the tables; created with a replication factor of 1 if it is missing. */
  keyspace: string;
  /** Names of the tables. */
  tables?: DatasetTables;
  /** Records that are written at once; 64 when left out. */
  concurrency?: number;
}

/** Writes a data set into two tables of Cassandra. */
export class CassandraWriter implements DatasetWriter {
  /** Name for messages. */
  readonly name: string;
  readonly #client: Client;
  readonly #keyspace: string;
  readonly #data: string;
  readonly #metadata: string;
  readonly #concurrency: number;
  readonly #underWay = new Set<Promise<void>>();
  #failure: IngestError | undefined;

  private constructor(client: Client, options: CassandraWriterOptions) {
    const { keyspace, tables = {}, concurrency = 64 } = options;
    const { metadataTable = "metadata", dataTable = "data" } = tables;
    this.name = `${keyspace}.${dataTable}`;
    this.#client = client;
    this.#keyspace = quote(keyspace);
    this.#data = `${this.#keyspace}.${quote(dataTable)}`;
    this.#metadata = `${this.#keyspace}.${quote(metadataTable)}`;
    this.#concurrency = concurrency;
  }

  /**
   * Connects to a cluster.
   *
   * @param options Where the cluster is, and the names of keyspace and tables.
   * @returns The writer; dispose of it to close the connection.
   * @throws {ConnectError} If no contact point answers.
   * @throws {AuthError} If the server refuses user name or password.
   */
  static async open(options: CassandraWriterOptions): Promise<CassandraWriter> {
    const { keyspace, tables: _tables, concurrency: _concurrency, ...rest } = options;
    // Loaded only here: the driver is large, and SQLite does without it.
    const { connectClient } = await import("../source/cassandra_client.ts");
    const client = await connectClient(
      cassandraConfig({ ...rest, table: `${quote(keyspace)}.data` }),
    );
    return new CassandraWriter(client, options);
  }

  /** Creates keyspace and tables that are missing; pictures are compressed already, so blobs are not. */
  async createTables(): Promise<void> {
    const statements = [
      `CREATE KEYSPACE IF NOT EXISTS ${this.#keyspace} WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}`,
      `CREATE TABLE IF NOT EXISTS ${this.#data} (id uuid, label int, data blob, PRIMARY KEY ((id))) WITH compression = {'enabled': 'false'}`,
      `CREATE TABLE IF NOT EXISTS ${this.#metadata} (id uuid, path text, class text, label int, PRIMARY KEY ((id)))`,
    ];
    for (const statement of statements) {
      try {
        await this.#client.execute(statement);
      } catch (cause) {
        throw new IngestError(
          `Cannot create the tables of ${this.name} as the server must allow it: received ${
            (cause as Error).message
          }`,
          { cause },
        );
      }
    }
  }

  /**
   * Writes one record: its data first, then its metadata.
   *
   * @param record The record.
   * @throws {IngestError} If this or an earlier record could not be written.
   */
  async write(record: SampleRecord): Promise<void> {
    while (this.#underWay.size >= this.#concurrency) await Promise.race(this.#underWay);
    if (this.#failure) throw this.#failure;
    const writing = this.#insert(record).catch((cause) => {
      this.#failure ??= new IngestError(
        `Cannot write ${
          recordName(record)
        } as the server must take ${record.data.length} bytes into ${this.name}: received ${
          (cause as Error).message
        }`,
        { sampleId: formatId(record.id), cause },
      );
    }).finally(() => this.#underWay.delete(writing));
    this.#underWay.add(writing);
  }

  /**
   * Waits until all records are stored.
   *
   * @throws {IngestError} If a record could not be written.
   */
  async flush(): Promise<void> {
    await Promise.all(this.#underWay);
    if (this.#failure) throw this.#failure;
  }

  /** Waits for what is under way and closes the connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#underWay);
    await this.#client.shutdown();
  }

  async #insert({ id, path, className, label, data }: SampleRecord): Promise<void> {
    const options = { prepare: true, isIdempotent: true };
    const key = formatId(id);
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    await this.#client.execute(
      `INSERT INTO ${this.#data} (id, label, data) VALUES (?, ?, ?)`,
      [key, label, bytes],
      options,
    );
    await this.#client.execute(
      `INSERT INTO ${this.#metadata} (id, path, class, label) VALUES (?, ?, ?, ?)`,
      [key, path, className, label],
      options,
    );
  }
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
