/** Alerts by which a peer says that it speaks another version of TLS (RFC 8446, section 6.2). */
const OF_VERSIONS = new Set([70, 71]);

/**
 * Finds out what an alert of OpenSSL's is about. The last three digits of its codes are 1000 and the
 * alert in hexadecimal, whatever stands before: `14094410` is version 1.1's, `0A000410` version 3's.
 *
 * @param message What a driver said.
 * @returns `client` if the server refused the client's certificate or the lack of one, `protocol` if
 * it speaks another version, undefined if there is no alert.
 */
export function tlsAlert(message: string): "client" | "protocol" | undefined {
  const code = /\berror:(?:14[0-9a-f]{3}|0a000)([0-9a-f]{3})\b/i.exec(message)?.[1];
  const alert = code === undefined ? NaN : parseInt(code, 16) - 1000;
  if (!(alert >= 0 && alert < 256)) return /\balert\b/i.test(message) ? "client" : undefined;
  return OF_VERSIONS.has(alert) ? "protocol" : "client";
}
