import type { Readable } from "node:stream";
import { LimitsError } from "../errors.ts";

const NEWLINE = 10;

/**
 * Takes a stream apart into lines, of which none is held beyond a bound.
 *
 * @param stream The stream, of bytes or texts.
 * @param most Most bytes of a line.
 * @returns The lines without their ends, and an error in place of each that is too long.
 */
export async function* boundedLines(
  stream: Readable,
  most: number,
): AsyncGenerator<string | LimitsError> {
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  let parts: Uint8Array[] = [];
  let length = 0;
  const line = () => {
    const bytes = length > most ? undefined : parts.length === 1 ? parts[0] : joined(parts, length);
    const size = length;
    parts = [];
    length = 0;
    if (bytes) return decoder.decode(bytes).replace(/\r$/, "");
    return new LimitsError(
      `Cannot read a line of standard input as it must have at most ${most} bytes: received ${size}`,
      { option: "maxBlobBytes" },
    );
  };
  const add = (part: Uint8Array) => {
    length += part.length;
    if (length <= most) parts.push(part);
    else parts = [];
  };
  for await (const chunk of stream) {
    const bytes: Uint8Array = typeof chunk === "string" ? encoder.encode(chunk) : chunk;
    let at = 0;
    for (let end; (end = bytes.indexOf(NEWLINE, at)) >= 0; at = end + 1) {
      add(bytes.subarray(at, end));
      yield line();
    }
    if (at < bytes.length) add(bytes.subarray(at));
  }
  if (length > 0) yield line();
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
