import { largest } from "../extremes.ts";
import type { Native } from "./native.ts";

/** A log message of the driver. */
export interface DriverMessage {
  /** 1 critical, 2 error, 3 warning, 4 information, 5 debug, 6 trace. */
  level: number;
  /** What it says. */
  text: string;
}

/** Gets messages until it is disposed of. */
export interface LogListener extends Disposable {
  /** Hands out what the driver has said up to now. */
  drain(): void;
}

interface Listener {
  level: number;
  tell(message: DriverMessage): void;
}

const LOG_BYTES = 1 << 16;
/** Bytes at which messages are cut, as in `CASSETTE_LOG_BYTES`. */
export const MESSAGE_BYTES = 512;
const INTERVAL_MS = 200;
/** The driver keeps warnings and what is graver, as they say why it could not connect. */
const LEAST_LEVEL = 3;
/** ScyllaDB's fork of the driver calls it an error that Cassandra has no shards. */
const NO_NEWS = /sharding info/;

const listeners = new Set<Listener>();
let timer: ReturnType<typeof setInterval> | undefined;

/**
 * Listens to the driver's log. A driver has one log in a process: all listeners get all of it.
 *
 * @param native The shim with its driver.
 * @param level Least grave messages that are told.
 * @param tell Gets them.
 * @returns The listener; to be disposed of. It does not keep the process alive.
 */
export function listenToLog(
  native: Native,
  level: number,
  tell: (message: DriverMessage) => void,
): LogListener {
  const listener = { level, tell };
  listeners.add(listener);
  adjust(native);
  return {
    drain: () => drain(native),
    [Symbol.dispose]() {
      if (!listeners.has(listener)) return;
      drain(native);
      listeners.delete(listener);
      adjust(native);
    },
  };
}

function adjust(native: Native): void {
  const level = largest(Array.from(listeners, (listener) => listener.level), LEAST_LEVEL);
  native.symbols.cassette_log_level(native.driver, level);
  if (listeners.size > 0 && timer === undefined) {
    timer = setInterval(() => drain(native), INTERVAL_MS);
    Deno.unrefTimer(timer as unknown as number);
  } else if (listeners.size === 0) {
    clearInterval(timer);
    timer = undefined;
  }
}

function drain(native: Native): void {
  const bytes = new Uint8Array(LOG_BYTES);
  let size: number;
  while ((size = native.symbols.cassette_log_take(native.driver, bytes, LOG_BYTES)) > 0) {
    for (const message of parse(bytes, size)) {
      if (NO_NEWS.test(message.text)) continue;
      for (const { level, tell } of [...listeners]) if (message.level <= level) tell(message);
    }
  }
}

function parse(bytes: Uint8Array, size: number): DriverMessage[] {
  const view = new DataView(bytes.buffer);
  const messages: DriverMessage[] = [];
  for (let at = 0; at < size;) {
    const length = view.getUint32(at + 4, true);
    const text = new TextDecoder().decode(bytes.subarray(at + 8, at + 8 + length));
    messages.push({ level: view.getUint32(at, true), text });
    at += 8 + ((length + 3) & ~3);
  }
  return messages;
}
