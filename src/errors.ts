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

/** No contact point of the database answered. */
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

/** The server refused the user name or the password. */
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

/** The encrypted connection could not be made or trusted. */
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

/** A keyspace, table or column is missing or has another type than was asked for. */
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

/** There is no row for an id, or its data are null or empty. */
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

/** A sample did not arrive within the request timeout and its retries. */
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

/** The server or the driver failed a sample for another reason than time. */
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

/** A record could not be written into a table. */
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

/** A blob says that it is a JPEG file but cannot be decoded. */
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

/** A JPEG file uses a feature that the decoder does not have. */
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

/** A blob is not in a format that the decoder reads. */
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

/** Something is larger than a limit of the device or of an option allows. */
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

/** Images of one batch differ in size after augmentation. */
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

/** An option or an argument is wrong. */
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

/** This machine offers no WebGPU adapter. */
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

/** The GPU did not take some work: it was invalid, or the driver failed. */
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

/** The GPU device was lost or destroyed while it was in use. */
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

/** No library with the C API of the Cassandra driver was found. */
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

/** No C compiler was found to build the fetch shim. */
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

/** A saved state does not fit the loader that shall resume from it. */
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

/** The loader is being iterated already, or too many of its batches are out. */
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

/** Something was used after it had been disposed. */
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
