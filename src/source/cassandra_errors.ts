import type { CassandraConfig } from "./cassandra_config.ts";
import {
  AuthError,
  type CassetteError,
  ConnectError,
  DisposedError,
  FetchError,
  FetchTimeoutError,
  MissingSampleError,
  SchemaError,
} from "../errors.ts";

/** Error codes of the protocol that are treated in a way of their own. */
export const ServerCode = {
  BAD_CREDENTIALS: 0x0100,
  UNAUTHORIZED: 0x2100,
  READ_TIMEOUT: 0x1200,
} as const;

/** What is wrong with a sample, whichever driver fetched it. */
export type SampleFault = "row" | "null" | "empty" | "time" | "type" | "memory" | "other";

/**
 * The error for a sample.
 *
 * @param config Where the sample should have come from.
 * @param id Its id.
 * @param fault What is wrong.
 * @param message What the driver said, where it did.
 * @param attempts How often it was asked for.
 * @param cause The driver's error.
 * @returns The error.
 */
export function sampleError(
  config: CassandraConfig,
  id: string,
  fault: SampleFault,
  message = "",
  attempts = 1,
  cause?: unknown,
): CassetteError {
  const what = `Cannot fetch sample ${id} from table ${config.table}`;
  const details = { sampleId: id, cause };
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

/**
 * The error for a session that could not be opened.
 *
 * @param config Which servers were asked.
 * @param message What the driver said.
 * @param serverCode The server's error code, where it sent one.
 * @param cause The driver's error.
 * @returns The error.
 */
export function openError(
  config: CassandraConfig,
  message: string,
  serverCode: number | undefined,
  cause?: unknown,
): CassetteError {
  const where = `${config.contactPoints.join(", ")} (port ${config.port})`;
  const said = redact(config, message);
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
  return new ConnectError(
    `Cannot connect to ${where} as a contact point must answer: received ${said}`,
    { option: "contactPoints", cause },
  );
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

/** A driver's message could quote what it was given. */
function redact(config: CassandraConfig, message: string): string {
  return config.password ? message.replaceAll(config.password, "…") : message;
}
