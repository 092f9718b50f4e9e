import { UsageError } from "../errors.ts";
import { readFileSync } from "node:fs";

/** What is checked of a server's certificate, see {@linkcode TlsOptions}. */
export type TlsVerify = "identity" | "chain" | "none";

/**
 * Certificates or keys in PEM format: their contents as text or bytes, or a `file:` URL. A text is
 * never taken for a path.
 */
export type Pem = string | Uint8Array | URL;

/** How connections are encrypted. */
export interface TlsOptions {
  /** Certificates of the authorities that are trusted; may be left out with `verify: "none"` only. */
  ca?: Pem;
  /** The client's certificate, where the server asks for one, and the chain below it. */
  cert?: Pem;
  /** The private key that belongs to it. */
  key?: Pem;
  /** What the private key is encrypted with. */
  keyPassphrase?: string;
  /**
   * `identity` (default): an authority must have signed the certificate, it must be in date and hold
   * the address of the server. `chain`: the address is not compared. `none`: anyone is trusted.
   *
   * Drivers learn hosts by their addresses, so addresses are what is compared, not names: a
   * certificate that holds names only needs `chain`.
   */
  verify?: TlsVerify;
}

/** Options of TLS after they were read and checked. */
export interface TlsConfig {
  /** One PEM text for each certificate. */
  ca: string[];
  cert?: string;
  key?: string;
  keyPassphrase?: string;
  verify: TlsVerify;
}

const KNOWN = ["ca", "cert", "key", "keyPassphrase", "verify"];
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;
const KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]+?-----END [A-Z ]*PRIVATE KEY-----/g;

/**
 * Reads and checks the options of TLS.
 *
 * @param value As the caller gave them.
 * @returns Texts in PEM format.
 * @throws {UsageError} If one is wrong; the message never holds a key or a passphrase.
 */
export function tlsConfig(value: unknown): TlsConfig {
  if (typeof value !== "object" || value === null) refuse("tls", "an object", typeof value);
  const options = value as TlsOptions;
  for (const name of Object.keys(options)) {
    if (!KNOWN.includes(name)) refuse(`tls.${name}`, "left out, as there is no such option", "it");
  }
  const { verify = "identity", keyPassphrase } = options;
  if (!["identity", "chain", "none"].includes(verify)) {
    refuse("tls.verify", '"identity", "chain" or "none"', `"${verify}"`);
  }
  if (
    keyPassphrase !== undefined &&
    (typeof keyPassphrase !== "string" || keyPassphrase.includes("\0"))
  ) {
    refuse("tls.keyPassphrase", "a text", `a value of type ${typeof keyPassphrase}`);
  }
  const config: TlsConfig = {
    ca: read("ca", options.ca, CERTIFICATE, "certificate"),
    cert: read("cert", options.cert, CERTIFICATE, "certificate").join("\n") || undefined,
    key: read("key", options.key, KEY, "private key")[0],
    keyPassphrase,
    verify,
  };
  if (config.ca.length === 0 && verify !== "none") {
    refuse("tls.ca", `given where verify is "${verify}"`, "undefined");
  }
  for (const [one, other] of [["cert", "key"], ["key", "cert"]] as const) {
    if (config[one] === undefined && config[other] !== undefined) {
      refuse(`tls.${one}`, `given where tls.${other} is`, "undefined");
    }
  }
  if (keyPassphrase !== undefined && config.key === undefined) {
    refuse("tls.key", "given where tls.keyPassphrase is", "undefined");
  }
  return config;
}

function read(name: keyof TlsOptions, value: unknown, block: RegExp, what: string): string[] {
  if (value === undefined) return [];
  const option = `tls.${name}`;
  let text: string;
  let origin: string;
  if (typeof value === "string") [text, origin] = [value, "a text"];
  else if (value instanceof Uint8Array) {
    [text, origin] = [new TextDecoder().decode(value), `${value.length} bytes`];
  } else if (value instanceof URL && value.protocol === "file:") {
    origin = value.href;
    try {
      text = readFileSync(value, "utf8");
    } catch (error) {
      refuse(option, "a file that can be read", `${origin} (${(error as Error).message})`);
    }
  } else refuse(option, "PEM text, its bytes or a file URL", `a value of type ${typeof value}`);
  const found = text.match(block);
  if (found) return [...found];
  const hint = typeof value === "string" ? " (a file is given as a file URL)" : "";
  refuse(option, `a ${what} in PEM format${hint}`, `${origin} without one`);
}

function refuse(option: string, expected: string, received: string): never {
  throw new UsageError(
    `Cannot open a Cassandra source as ${option} must be ${expected}: received ${received}`,
    { option },
  );
}
