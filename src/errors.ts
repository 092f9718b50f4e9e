/**
 * Every error class that a caller can catch.
 *
 * @module
 */

/** What an error was about, beside its message. */
export interface ErrorDetails {
  /** Id of the sample that could not be loaded, as a UUID string. */
  sampleId?: string;
  /** Path of the sample within its data set. */
  path?: string;
  /** Name of the option that was wrong, as the caller wrote it. */
  option?: string;
  /** The error that led to this one. */
  cause?: unknown;
}

/**
 * Base of all errors that Cassette throws.
 *
 * @example
 * ```ts
 * import { CassetteError, UsageError } from "@cassette/loader";
 * import { assert } from "@std/assert";
 *
 * const message = "Cannot make a loader as batchSize must be a whole number from 1 on: received 0";
 * const error = new UsageError(message, { option: "batchSize" });
 * assert(error instanceof CassetteError);
 * assert(error.code === "USAGE" && error.option === "batchSize");
 * ```
 */
export class CassetteError extends Error {
  /** Machine-readable name of the kind of error; the same for all errors of a class. */
  readonly code: string;
  /** Id of the sample that could not be loaded, as a UUID string. */
  readonly sampleId?: string;
  /** Path of the sample within its data set, where the source knows it. */
  path?: string;
  /** Name of the option that was wrong. */
  readonly option?: string;

  /**
   * Makes the error; subclasses do so.
   *
   * @param message What was wrong, where, and what was expected.
   * @param details The sample, the option and the cause, where there are any.
   * @param code Machine-readable name of the kind of error.
   */
  constructor(message: string, details: ErrorDetails = {}, code = "CASSETTE") {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = code;
    if (details.sampleId !== undefined) this.sampleId = details.sampleId;
    if (details.path !== undefined) this.path = details.path;
    if (details.option !== undefined) this.option = details.option;
  }
}

/**
 * No contact point of the database answered.
 *
 * What to do: check `contactPoints` and `port`, that the server runs, and that no firewall is
 * between. A plain connection to a TLS port ends like this too: set `tls`.
 */
export class ConnectError extends CassetteError {
  /**
   * Makes the error.
   *
   * @param message What was wrong, where, and what was expected.
   * @param details The sample, the option and the cause, where there are any.
   */
  constructor(message: string, details?: ErrorDetails) {
    super(message, details, "CONNECT");
  }
}

/**
 * The server refused the user name or the password.
 *
 * What to do: check `username` and `password`; on the command line, CASSANDRA_USERNAME and
 * CASSANDRA_PASSWORD or the file that CASSANDRA_PASSWORD_FILE names.
 */
export class AuthError extends CassetteError {
  /**
   * Makes the error.
   *
   * @param message What was wrong, where, and what was expected.
   * @param details The sample, the option and the cause, where there are any.
   */
  constructor(message: string, details?: ErrorDetails) {
    super(message, details, "AUTH");
  }
}

/**
 * The encrypted connection could not be made or trusted.
 *
 * What to do: `error.option` names what to look at: `tls.ca` (who signed the server's certificate),
 * `tls.cert` and `tls.key` (yours), `tls.keyPassphrase`, or `tls.verify` (the address in the
 * certificate).
 */
export class TlsError extends CassetteError {
  /**
   * Makes the error.
   *
   * @param message What was wrong, where, and what was expected.
   * @param details The sample, the option and the cause, where there are any.
   */
  constructor(message: string, details?: ErrorDetails) {
    super(message, details, "TLS");
  }
}

/**
 * A keyspace, table or column is missing or has another type than was asked for.
 *
 * What to do: compare the names in the message with the table: `cassette doctor` lists what is
 * there, and options such as `idColumn` and `dataColumn` name what your tables call it. A table
 * that was dropped or made anew ends like this too: open the source again.
 */
export class SchemaError extends CassetteError {
  /**
   * Makes the error.
   *
   * @param message What was wrong, where, and what was expected.
   * @param details The sample, the option and the cause, where there are any.
   */
  constructor(message: string, details?: ErrorDetails) {
    super(message, details, "SCHEMA");
  }
}

/**
 * There is no row for an id, or its data are null or empty.
 *
 * What to do: list the ids anew (`cassette list`), as the row has been deleted since; or go on
 * without it (`onCorrupt: "skip"` or `"mask"`). `cassette verify` finds all rows that lack their
 * blob.
 */
export class MissingSampleError extends CassetteError {
  /**
   * Makes the error.
   *
   * @param message What was wrong, where, and what was expected.
   * @param details The sample, the option and the cause, where there are any.
   */
  constructor(message: string, details?: ErrorDetails) {
    super(message, details, "MISSING_SAMPLE");
  }
}

/**
 * A sample did not arrive within the request timeout and its retries.
 *
 * What to do: raise `requestTimeout` or `retries` if the server is slow or far away; look at the
 * server if all samples end like this.
 */
export class FetchTimeoutError extends CassetteError {
  /**
   * Makes the error.
   *
   * @param message What was wrong, where, and what was expected.
   * @param details The sample, the option and the cause, where there are any.
   */
  constructor(message: string, details?: ErrorDetails) {
    super(message, details, "FETCH_TIMEOUT");
  }
}

/**
 * The server or the driver failed a sample for another reason than time.
 *
 * What to do: the message has the server's own words. What passes by itself has been tried again
 * already, `retries` times.
 */
export class FetchError extends CassetteError {
  /**
   * Makes the error.
   *
   * @param message What was wrong, where, and what was expected.
   * @param details The sample, the option and the cause, where there are any.
   */
  constructor(message: string, details?: ErrorDetails) {
    super(message, details, "FETCH");
  }
}

/**
 * A record could not be written into a table.
 *
 * What to do: the message names the record and what the table or the disk did not take, such as a
 * blob over the server's mutation limit. Records before it are stored; run the ingest again to go
 * on.
 */
export class IngestError extends CassetteError {
  /**
   * Makes the error.
   *
   * @param message What was wrong, where, and what was expected.
   * @param details The sample, the option and the cause, where there are any.
   */
  constructor(message: string, details?: ErrorDetails) {
    super(message, details, "INGEST");
  }
}

/**
 * A blob says that it is a JPEG file but cannot be decoded.
 *
 * What to do: look at the file (`cassette inspect FILE`), replace it, or leave the sample out by
 * `onCorrupt`. libjpeg-turbo refuses it as well, or decodes it with a warning.
 */
export class CorruptJpegError extends CassetteError {
  /**
   * Makes the error.
   *
   * @param message What was wrong, where, and what was expected.
   * @param details The sample, the option and the cause, where there are any.
   */
  constructor(message: string, details?: ErrorDetails) {
    super(message, details, "CORRUPT_JPEG");
  }
}

/**
 * A JPEG file uses a feature that the decoder does not have.
 *
 * What to do: re-encode the file, for instance by `cassette ingest --format jpeg`. Arithmetic
 * coding, lossless and hierarchical JPEG and 12 bits a sample are not decoded.
 */
export class UnsupportedJpegError extends CassetteError {
  /**
   * Makes the error.
   *
   * @param message What was wrong, where, and what was expected.
   * @param details The sample, the option and the cause, where there are any.
   */
  constructor(message: string, details?: ErrorDetails) {
    super(message, details, "UNSUPPORTED_JPEG");
  }
}

/**
 * A blob is not in a format that the decoder reads.
 *
 * What to do: re-encode the file as JPEG or PNG. The message says what the file is.
 */
export class UnsupportedFormatError extends CassetteError {
  /**
   * Makes the error.
   *
   * @param message What was wrong, where, and what was expected.
   * @param details The sample, the option and the cause, where there are any.
   */
  constructor(message: string, details?: ErrorDetails) {
    super(message, details, "UNSUPPORTED_FORMAT");
  }
}

/**
 * Something is larger than a limit of the device or of an option allows.
 *
 * What to do: the message names the limit. For a picture, raise the option that it names (such as
 * `maxPixels` or `maxBlobBytes`) if you trust the file; for a batch, take a smaller `batchSize` or
 * smaller images.
 */
export class LimitsError extends CassetteError {
  /**
   * Makes the error.
   *
   * @param message What was wrong, where, and what was expected.
   * @param details The sample, the option and the cause, where there are any.
   */
  constructor(message: string, details?: ErrorDetails) {
    super(message, details, "LIMITS");
  }
}

/**
 * Images of one batch differ in size after augmentation.
 *
 * What to do: end `augment` with an operator that gives all images one size, such as `resize({
 * width, height })` or `randomResizedCrop(size)`; or set `output: { ragged: true }`.
 */
export class ShapeError extends CassetteError {
  /**
   * Makes the error.
   *
   * @param message What was wrong, where, and what was expected.
   * @param details The sample, the option and the cause, where there are any.
   */
  constructor(message: string, details?: ErrorDetails) {
    super(message, details, "SHAPE");
  }
}

/**
 * An option or an argument is wrong.
 *
 * What to do: `error.option` names the option; the message says what it may be and what it was.
 */
export class UsageError extends CassetteError {
  /**
   * Makes the error.
   *
   * @param message What was wrong, where, and what was expected.
   * @param details The sample, the option and the cause, where there are any.
   */
  constructor(message: string, details?: ErrorDetails) {
    super(message, details, "USAGE");
  }
}

/**
 * This machine offers no WebGPU adapter.
 *
 * What to do: install a Vulkan driver. On Debian or Ubuntu `apt-get install mesa-vulkan-drivers`
 * brings one that computes on the CPU. `cassette doctor` says what is found.
 */
export class NoAdapterError extends CassetteError {
  /**
   * Makes the error.
   *
   * @param message What was wrong, where, and what was expected.
   * @param details The sample, the option and the cause, where there are any.
   */
  constructor(message: string, details?: ErrorDetails) {
    super(message, details, "NO_ADAPTER");
  }
}

/**
 * The GPU did not take some work: it was invalid, or the driver failed.
 *
 * What to do: this is a bug of the library or of the driver; please report the message with what
 * `cassette doctor` prints. The samples beside the ones named are right.
 */
export class GpuError extends CassetteError {
  /**
   * Makes the error.
   *
   * @param message What was wrong, where, and what was expected.
   * @param details The sample, the option and the cause, where there are any.
   */
  constructor(message: string, details?: ErrorDetails) {
    super(message, details, "GPU");
  }
}

/**
 * The GPU device was lost or destroyed while it was in use.
 *
 * What to do: request a new device, open a new loader on it, and resume from the last batch's
 * `state`. A driver that was reset or a machine that slept loses its devices.
 */
export class DeviceLostError extends CassetteError {
  /**
   * Makes the error.
   *
   * @param message What was wrong, where, and what was expected.
   * @param details The sample, the option and the cause, where there are any.
   */
  constructor(message: string, details?: ErrorDetails) {
    super(message, details, "DEVICE_LOST");
  }
}

/**
 * No library with the C API of the Cassandra driver was found.
 *
 * What to do: the message lists every library that was tried and why it did not load. Install the
 * Cassandra C++ driver, set CASSETTE_DRIVER to its path, or use `driver: "js"`.
 */
export class NoDriverError extends CassetteError {
  /**
   * Makes the error.
   *
   * @param message What was wrong, where, and what was expected.
   * @param details The sample, the option and the cause, where there are any.
   */
  constructor(message: string, details?: ErrorDetails) {
    super(message, details, "NO_DRIVER");
  }
}

/**
 * No C compiler was found to build the fetch shim.
 *
 * What to do: install a C compiler (Debian: `apt-get install gcc libc6-dev`), or use `driver:
 * "js"`.
 */
export class NoCompilerError extends CassetteError {
  /**
   * Makes the error.
   *
   * @param message What was wrong, where, and what was expected.
   * @param details The sample, the option and the cause, where there are any.
   */
  constructor(message: string, details?: ErrorDetails) {
    super(message, details, "NO_COMPILER");
  }
}

/**
 * A saved state does not fit the loader that shall resume from it.
 *
 * What to do: resume with the ids, seed, batch size and ordering that the state was saved with; the
 * message names what differs.
 */
export class ResumeMismatchError extends CassetteError {
  /**
   * Makes the error.
   *
   * @param message What was wrong, where, and what was expected.
   * @param details The sample, the option and the cause, where there are any.
   */
  constructor(message: string, details?: ErrorDetails) {
    super(message, details, "RESUME_MISMATCH");
  }
}

/**
 * The loader is being iterated already, or too many of its batches are out.
 *
 * What to do: dispose of batches when you are done with them (`for await (using batch of loader)`),
 * raise `maxBatchesOut`, or use a loader of its own for each loop.
 */
export class BusyError extends CassetteError {
  /**
   * Makes the error.
   *
   * @param message What was wrong, where, and what was expected.
   * @param details The sample, the option and the cause, where there are any.
   */
  constructor(message: string, details?: ErrorDetails) {
    super(message, details, "BUSY");
  }
}

/**
 * Of a whole epoch no sample could be loaded, with `onCorrupt: "skip"`.
 *
 * What to do: see the first reasons in the message; the table, its columns or the ids are likely to be
 * others than was meant.
 */
export class EmptyEpochError extends CassetteError {
  /**
   * Makes the error.
   *
   * @param message What was wrong, where, and what was expected.
   * @param details The sample, the option and the cause, where there are any.
   */
  constructor(message: string, details?: ErrorDetails) {
    super(message, details, "EMPTY_EPOCH");
  }
}

/**
 * Something was used after it had been disposed.
 *
 * What to do: use a batch within its turn of the loop, or move its images out of it by
 * `batch.take()`; keep sources and devices open for as long as their loader.
 */
export class DisposedError extends CassetteError {
  /**
   * Makes the error.
   *
   * @param message What was wrong, where, and what was expected.
   * @param details The sample, the option and the cause, where there are any.
   */
  constructor(message: string, details?: ErrorDetails) {
    super(message, details, "DISPOSED");
  }
}

/** A sample that could not be loaded, as it stands in `batch.errors`. */
export interface SampleError {
  /** Place of the sample in its batch. */
  index: number;
  /** Id of the sample, as a UUID string. */
  id: string;
  /** Path of the sample within its data set, where the source knows it. */
  path?: string;
  /** Why it could not be loaded. */
  reason: CassetteError;
}
