import type { CassandraConfig } from "./cassandra_config.ts";
import { blobLimitError } from "./blob_limit.ts";
import { scrubberOf } from "./scrub.ts";
import {
  AuthError,
  type CassetteError,
  ConnectError,
  DisposedError,
  FetchError,
  FetchTimeoutError,
  MissingSampleError,
  SchemaError,
  TlsError,
  UsageError,
} from "../errors.ts";

/** Error codes of the protocol that are treated in a way of their own. */
export const ServerCode = {
  BAD_CREDENTIALS: 0x0100,
  UNAUTHORIZED: 0x2100,
  READ_TIMEOUT: 0x1200,
} as const;

/** What is wrong with a sample, whichever driver fetched it. */
export type SampleFault =
  | "row"
  | "null"
  | "empty"
  | "large blob"
  | "large label"
  | "time"
  | "type"
  | "gone"
  | "memory"
  | "other";

/**
 * The error for a sample.
 *
 * @param config Where the sample should have come from.
 * @param id Its id.
 * @param fault What is wrong.
 * @param said What the driver said, where it did; the bytes of what is too large.
 * @param attempts How often it was asked for.
 * @param cause The driver's error.
 * @returns The error.
 */
export function sampleError(
  config: CassandraConfig,
  id: string,
  fault: SampleFault,
  said = "",
  attempts = 1,
  cause?: unknown,
): CassetteError {
  const scrubber = scrubberOf(config);
  const message = scrubber.quote(said);
  const what = `Cannot fetch sample ${id} from table ${config.table}`;
  const details = { sampleId: id, cause: scrubber.error(cause) };
  const tries = attempts > 1 ? ` (asked ${attempts} times)` : "";
  switch (fault) {
    case "row":
      return new MissingSampleError(
        `${what} as there must be a row with its id: received none`,
        details,
      );
    case "null":
      return new MissingSampleError(
        `${what} as its ${config.dataColumn} must be a blob: received null`,
        details,
      );
    case "empty":
      return new MissingSampleError(
        `${what} as its ${config.dataColumn} must not be empty: received 0 bytes`,
        details,
      );
    case "large blob":
    case "large label": {
      const column = fault === "large blob" ? config.dataColumn : config.labelColumn;
      return blobLimitError(id, `table ${config.table}`, column, message, config.maxBlobBytes);
    }
    case "time":
      return new FetchTimeoutError(
        `${what} as it must arrive within ${config.requestTimeout} ms: received ${
          message || "no answer"
        }${tries}`,
        details,
      );
    case "type":
      return new SchemaError(
        `${what} as its columns must be of the types that the table had when it was opened: received ${
          message || "another type"
        }`,
        details,
      );
    case "gone":
      return new SchemaError(
        `${what} as the table must still be as it was when it was opened: received ${message}`,
        details,
      );
    case "memory":
      return new FetchError(
        `${what} as there must be memory for its batch: received none`,
        details,
      );
    case "other":
      return new FetchError(
        `${what} as the server must answer with a row: received ${message || "an error"}${tries}`,
        details,
      );
  }
}

/** Why a session could not be opened, whichever driver says so. */
export interface OpenFailure {
  /** What the driver said. */
  message: string;
  /** The server's error code, where it sent one. */
  serverCode?: number;
  /** What is wrong with the encryption, where that is it. */
  tls?: "chain" | "identity" | "client" | "key" | "protocol";
  /** Whether the server closed the connection without an answer. */
  closed?: boolean;
  /** The driver's error. */
  cause?: unknown;
}

/**
 * The error for a session that could not be opened.
 *
 * @param config Which servers were asked.
 * @param failure What the driver said.
 * @returns The error.
 */
export function openError(config: CassandraConfig, failure: OpenFailure): CassetteError {
  const { serverCode, closed } = failure;
  const scrubber = scrubberOf(config);
  const cause = scrubber.error(failure.cause);
  const where = config.cloudBundle === undefined
    ? `${config.contactPoints.join(", ")} (port ${config.port})`
    : `the database of ${config.cloudBundle}`;
  const said = scrubber.quote(failure.message).replace(/^received /, "");
  if (serverCode === ServerCode.BAD_CREDENTIALS) {
    return new AuthError(
      config.username === undefined
        ? `Cannot connect to ${where} as username and password must be given: received none (${said})`
        : `Cannot connect to ${where} as username and password must be known to the server: received user "${config.username}" (${said})`,
      { option: config.username === undefined ? "username" : "password", cause },
    );
  }
  if (serverCode === ServerCode.UNAUTHORIZED) {
    return new AuthError(
      `Cannot read table ${config.table} as ${
        config.username === undefined ? "the anonymous user" : `user "${config.username}"`
      } must have the permission to select from it: received ${said}`,
      { option: "table", cause },
    );
  }
  if (failure.tls === "key") return privateKeyError(config.tls?.keyPassphrase, said);
  // A server that asks for a certificate may close the connection without saying why.
  const tls = failure.tls ?? (closed && config.tls ? "client" : undefined);
  if (tls) {
    const [option, expected] = tlsFault(config, tls);
    return new TlsError(`Cannot connect to ${where} as ${expected}: received ${said}`, {
      option,
      cause,
    });
  }
  const hint = closed ? " (a server closes the connection too where it asks for tls)" : "";
  return new ConnectError(
    `Cannot connect to ${where} as a contact point must answer: received ${said}${hint}`,
    { option: config.cloudBundle === undefined ? "contactPoints" : "cloudBundle", cause },
  );
}

function tlsFault({ tls }: CassandraConfig, fault: OpenFailure["tls"]): [string, string] {
  switch (fault) {
    case "chain":
      return [
        "tls.ca",
        "the server's certificate must be in date and signed by an authority of tls.ca",
      ];
    case "identity":
      return [
        "tls.verify",
        'the server\'s certificate must hold its address (tls.verify "chain" does not compare it)',
      ];
    case "client":
      return [
        "tls.cert",
        tls?.cert === undefined
          ? "tls.cert and tls.key must be given where the server asks for a client's certificate"
          : "the server must accept tls.cert, and tls.key belong to it",
      ];
    default:
      return ["tls", "the server must speak TLS on this port"];
  }
}

/**
 * The error for a use after dispose.
 *
 * @param config Which table the source read.
 * @returns The error.
 */
export function disposedError(config: CassandraConfig): DisposedError {
  return new DisposedError(
    `Cannot fetch from table ${config.table} as the source must not have been disposed`,
  );
}

/**
 * The error for a private key that cannot be read.
 *
 * @param passphrase What it should be encrypted with.
 * @param said What the driver said.
 * @returns The error; without the passphrase.
 */
export function privateKeyError(passphrase: string | undefined, said: string): TlsError {
  const option = passphrase === undefined ? "tls.key" : "tls.keyPassphrase";
  return new TlsError(
    passphrase === undefined
      ? `Cannot use tls.key as it must be a private key that is not encrypted, or tls.keyPassphrase given: received ${said}`
      : `Cannot use tls.key as tls.keyPassphrase must be what it is encrypted with: received ${
        said.replaceAll(passphrase || "\0", "…")
      }`,
    { option },
  );
}

/**
 * The error for a secure connect bundle that cannot be used.
 *
 * @param config With the bundle.
 * @param said What the driver said; undefined for a driver that knows no bundles.
 * @param cause The driver's error.
 * @returns The error.
 */
export function bundleError(
  config: CassandraConfig,
  said: string | undefined,
  cause: unknown,
): UsageError {
  return new UsageError(
    said === undefined
      ? 'Cannot open a Cassandra source as cloudBundle must be left out with this native driver, which has no function for it (driver: "js" has): received it'
      : `Cannot open a Cassandra source as cloudBundle must be a secure connect bundle, a zip file with config.json, ca.crt, cert and key: received ${config.cloudBundle} (${said})`,
    { option: "cloudBundle", cause },
  );
}
