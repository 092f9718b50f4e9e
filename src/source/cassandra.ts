import { checkFetch } from "./blob_batch.ts";
import {
  type CassandraConfig,
  cassandraConfig,
  type CassandraOptions,
} from "./cassandra_config.ts";
import { scrubberOf } from "./scrub.ts";
import type {
  BlobBatch,
  BlobSource,
  FetchOptions,
  LabelType,
  SampleDescription,
  SourceStats,
} from "./source.ts";
import { NoCompilerError, NoDriverError } from "../errors.ts";
import type { IdList } from "../ids.ts";

export type * from "./cassandra_options.ts";
export type { Pem, TlsOptions, TlsVerify } from "./cassandra_tls.ts";

/**
 * Blobs from a table of Apache Cassandra.
 *
 * The native driver is the Cassandra C++ driver under a C shim that is compiled on first use; all of
 * its work is done on threads of its own. The JavaScript driver is `npm:cassandra-driver`: slower,
 * and all of its work is done on the JavaScript thread, but it needs no compiler.
 *
 * @example
 * ```ts ignore
 * import { CassandraSource, IdList } from "@cassette/loader";
 *
 * await using source = await CassandraSource.open({
 *   contactPoints: ["127.0.0.1"],
 *   table: "imagenette.data_224",
 *   idColumn: "patch_id",
 * });
 * using batch = await source.fetch(IdList.from(["f81d4fae-7dec-11d0-a765-00a0c91e6bf6"]));
 * console.log(batch.error(0)?.message ?? batch.blob(0).length);
 * ```
 */
export class CassandraSource implements BlobSource {
  /** Name for messages: `cassandra (native)` or `cassandra (js)`. */
  readonly name: string;
  /** Which driver fetches. */
  readonly driver: "native" | "js";
  /** How the label column is read. */
  readonly labelType: LabelType;
  readonly #inner: BlobSource;

  private constructor(driver: "native" | "js", inner: BlobSource) {
    this.name = inner.name;
    this.driver = driver;
    this.labelType = inner.labelType;
    this.#inner = inner;
  }

  /**
   * Connects to a server and checks the table.
   *
   * @param options Servers, table, columns, and how to fetch; times are in milliseconds.
   * @returns The source; dispose of it to close its connections.
   * @throws {UsageError} If an option is wrong.
   * @throws {ConnectError} If no contact point answers.
   * @throws {TlsError} If the encrypted connection cannot be made or trusted.
   * @throws {AuthError} If the server does not accept the user, or the user may not read the table.
   * @throws {SchemaError} If the table or a column is missing or has another type.
   * @throws {NoCompilerError} If the driver is `native` and the shim cannot be compiled.
   * @throws {NoDriverError} If the driver is `native` and there is none.
   */
  static async open(options: CassandraOptions): Promise<CassandraSource> {
    const config = cassandraConfig(options);
    try {
      return await CassandraSource.#open(config);
    } catch (error) {
      throw scrubberOf(config).error(error);
    }
  }

  static async #open(config: CassandraConfig): Promise<CassandraSource> {
    if (config.driver !== "js") {
      const { loadNative } = await import("../ffi/native.ts");
      try {
        const native = await loadNative(config.onInfo, config.onWarning);
        const { NativeCassandraSource } = await import("./cassandra_native.ts");
        return new CassandraSource("native", await NativeCassandraSource.open(native, config));
      } catch (error) {
        const lacking = error instanceof NoCompilerError || error instanceof NoDriverError;
        if (config.driver === "native" || !lacking) throw error;
        config.onWarning(`The JavaScript driver is used, which is slower: ${error.message}`);
      }
    }
    const { JsCassandraSource } = await import("./cassandra_js.ts");
    return new CassandraSource("js", await JsCassandraSource.open(config));
  }

  /**
   * Fetches blobs by id.
   *
   * @param ids The ids, in the order in which the samples shall come.
   * @param options A signal that aborts.
   * @returns Their blobs and labels, once all have arrived or failed.
   * @throws {UsageError} If there is no list of ids, or an option is wrong.
   * @throws {DisposedError} If the source has been disposed.
   */
  async fetch(ids: IdList, options: FetchOptions = {}): Promise<BlobBatch> {
    checkFetch(ids, options);
    return await this.#inner.fetch(ids, options);
  }

  /**
   * Looks up the paths of samples in the metadata table.
   *
   * @param ids Ids of the samples.
   * @returns What is known of each.
   */
  async describe(ids: IdList): Promise<SampleDescription[]> {
    return await this.#inner.describe?.(ids) ?? Array.from({ length: ids.length }, () => ({}));
  }

  /**
   * What was counted since the source was opened.
   *
   * @returns A copy of the counters.
   */
  stats(): SourceStats {
    return this.#inner.stats();
  }

  /** Closes the connections; fetches under way reject with `DisposedError`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inner[Symbol.asyncDispose]();
  }
}
