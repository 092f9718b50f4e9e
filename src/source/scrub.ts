import type { CassandraConfig } from "./cassandra_config.ts";
import { Buffer } from "node:buffer";

const HIDDEN = "…";
// deno-lint-ignore no-control-regex -- controls are what is looked for, but for tab and line feed.
const CONTROL = /[\0-\x08\x0b-\x1f\x7f-\x9f]/g;
/** What a server says may have 64 KiB. */
const LONGEST_QUOTE = 1_000;
const scrubbers = new WeakMap<object, Scrubber>();

/**
 * Takes secrets out of what a server or a driver said: either may repeat what it was given. All
 * foreign text and every error with a foreign cause passes through here before a caller sees it.
 */
export class Scrubber {
  readonly #forms: string[];

  /** @param secrets What must not be seen; undefined and empty ones are none. */
  constructor(secrets: readonly (string | undefined)[]) {
    const forms = secrets.filter((secret) => secret).flatMap((secret) => formsOf(secret!));
    // One that another begins with would leave the other's end.
    this.#forms = [...new Set(forms)].sort((a, b) => b.length - a.length);
  }

  /**
   * Cleans a text.
   *
   * @param text The text.
   * @returns It without the secrets, and without what would steer a terminal.
   */
  text(text: string): string {
    return this.#forms.reduce((rest, form) => rest.replaceAll(form, HIDDEN), text)
      .replace(CONTROL, (control) => `\\x${control.charCodeAt(0).toString(16).padStart(2, "0")}`);
  }

  /**
   * Cleans a text that may have been cut off, in the midst of a secret: its end is taken off.
   *
   * @param text The text.
   * @param bytes Where it is cut off, in bytes of UTF-8, if it is as long as that.
   * @returns What holds no secret, and no part of one.
   */
  cut(text: string, bytes: number): string {
    const clean = this.text(text);
    const longest = this.#forms[0]?.length ?? 0;
    // A character that was cut in two is up to three bytes less.
    const whole = Buffer.byteLength(text) < bytes - 3;
    return whole || longest === 0 ? clean : clean.slice(0, Math.max(0, clean.length - longest));
  }

  /**
   * Cleans what a message quotes, and keeps it short.
   *
   * @param text The text.
   * @returns Its begin.
   */
  quote(text: string): string {
    const clean = this.text(text);
    return clean.length > LONGEST_QUOTE ? `${clean.slice(0, LONGEST_QUOTE)}${HIDDEN}` : clean;
  }

  /**
   * Cleans an error in place: message, stack, causes and all other fields. What is no plain value
   * of its fields, such as a socket, is left out.
   *
   * @param error What was thrown.
   * @returns The same error; a text if that is what was thrown.
   */
  error<T>(error: T): T {
    return this.#value(error, new Set()) as T;
  }

  #value(value: unknown, seen: Set<unknown>): unknown {
    if (typeof value === "string") return this.text(value);
    if (typeof value !== "object" || value === null) {
      return typeof value === "function" ? undefined : value;
    }
    if (seen.has(value)) return value;
    seen.add(value);
    if (value instanceof Uint8Array) {
      const text = Buffer.from(value.buffer, value.byteOffset, value.length).toString("latin1");
      return this.text(text) === text ? value : undefined;
    }
    if (!isPlain(value)) return this.text(String(value));
    for (const key of Reflect.ownKeys(value)) {
      const object = value as Record<PropertyKey, unknown>;
      const old = object[key];
      const clean = this.#value(old, seen);
      if (clean === old && !this.#holdsSecret(key)) continue;
      if (!Reflect.deleteProperty(object, key) || clean === undefined) continue;
      const name = typeof key === "string" ? this.text(key) : key;
      const enumerable = !(value instanceof Error) ||
        !["message", "stack", "cause"].includes(String(key));
      Object.defineProperty(object, name, {
        value: clean,
        enumerable,
        writable: true,
        configurable: true,
      });
    }
    return value;
  }

  #holdsSecret(key: PropertyKey): boolean {
    return typeof key === "string" && this.text(key) !== key;
  }
}

/**
 * The scrubber for the secrets of a source's options.
 *
 * @param config The options.
 * @returns The scrubber.
 */
export function scrubberOf(config: Pick<CassandraConfig, "password" | "tls">): Scrubber {
  const known = scrubbers.get(config);
  if (known) return known;
  const { password, tls } = config;
  const scrubber = new Scrubber([password, tls?.keyPassphrase, tls?.key]);
  scrubbers.set(config, scrubber);
  return scrubber;
}

function isPlain(value: object): boolean {
  if (value instanceof Error || Array.isArray(value)) return true;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/** How a secret may be written: as it is, escaped, or encoded. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  return [
    secret,
    bytes.toString("latin1"),
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret.toWellFormed()),
    bytes.toString("base64"),
    bytes.toString("hex"),
    bytes.toString("hex").toUpperCase(),
  ];
}
