import { assertEquals } from "@std/assert";
import { tlsAlert } from "../../src/source/tls_alert.ts";

const CASES: [string, ReturnType<typeof tlsAlert>][] = [
  ["error:14094410:SSL routines:ssl3_read_bytes:sslv3 alert handshake failure", "client"],
  ["error:14094412:SSL routines:ssl3_read_bytes:sslv3 alert bad certificate", "client"],
  ["error:0A000410:SSL routines::sslv3 alert handshake failure", "client"],
  ["error:0A000438:SSL routines::tlsv1 alert internal error", "client"],
  ["error:0A00045C:SSL routines::tlsv13 alert certificate required", "client"],
  ["error:0A000418:SSL routines::tlsv1 alert unknown ca", "client"],
  ["error:0A00042E:SSL routines::tlsv1 alert protocol version", "protocol"],
  ["error:1409442E:SSL routines:ssl3_read_bytes:tlsv1 alert protocol version", "protocol"],
  ["received a fatal alert: certificate unknown", "client"],
  ["error:0A00010B:SSL routines::wrong version number", undefined],
  ["error:1408F10B:SSL routines:ssl3_get_record:wrong version number", undefined],
  ["Unable to connect", undefined],
];

Deno.test("alerts are told from other faults of TLS, as OpenSSL 1.1 and 3 word them", () => {
  for (const [message, fault] of CASES) assertEquals(tlsAlert(message), fault, message);
});
