/** Every way in which the rude server lies, one at a time. */
import { Body, errorBody, frameBytes, Opcode } from "./frames.ts";
import { ENDLESS, inFrames, PLAIN_HTTP } from "./frame_lies.ts";
import { at, frames, HUGE, type NamedLie, rows } from "./named_lie.ts";
import { inRows } from "./row_lies.ts";
import type { Kind, Request } from "./server.ts";

export type { NamedLie } from "./named_lie.ts";

/** An alert of TLS 1.2: a plain client was answered by a server that wants a handshake. */
const TLS_ALERT = Uint8Array.of(0x15, 3, 3, 0, 2, 2, 40);

async function text(connection: Deno.TcpConn, bytes: Uint8Array, hold = false): Promise<void> {
  await connection.write(bytes);
  // What the client says is read until it goes.
  const buffer = new Uint8Array(1 << 12);
  while (hold && await connection.read(buffer) !== null);
}

function errors(name: string, code: number, said: string, more?: Uint8Array): NamedLie {
  return {
    ...frames(name, (f, request) => [frameBytes({
      ...f,
      opcode: Opcode.ERROR,
      body: errorBody(code, echo(said, request), more),
    })]),
    theme: "errors",
  };
}

function echo(said: string, { credentials }: Request): string {
  return said.replaceAll("USER", credentials.username).replaceAll("PASSWORD", credentials.password);
}

const inErrors: NamedLie[] = [
  errors("an unknown error code", 0xabcd, "something else"),
  errors("a negative error code", -1, "something else"),
  errors("an error without an end", 0x1200, "late"),
  errors("UNPREPARED without an id", 0x2500, "who?"),
  errors(
    "UNPREPARED for ever",
    0x2500,
    "who?",
    new Body().short(16).raw(new Uint8Array(16)).done(),
  ),
  errors("UNAVAILABLE without its numbers", 0x1000, "no one here"),
  errors("a protocol error", 0x000a, "Invalid or unsupported protocol version (4)"),
  errors("bad credentials in mid-fetch", 0x0100, "who are you?"),
  errors("a text of escape sequences", 0x0000, "\x1b[31mred\x07\r\n".repeat(100)),
  {
    ...frames("an error that is cut short", (f) => [frameBytes({
      ...f,
      opcode: Opcode.ERROR,
      body: errorBody(0x0000, "a longer text").subarray(0, 8),
    })]),
    theme: "errors",
  },
  {
    ...frames(
      "an error of no bytes",
      (f) => [frameBytes({ ...f, opcode: Opcode.ERROR, body: new Uint8Array() })],
    ),
    theme: "errors",
  },
];

const STEPS: Kind[] = ["options", "startup", "register", "system", "schema", "prepare"];

const onOpen: NamedLie[] = [
  {
    name: "silence after accept",
    may: "error",
    theme: "open",
    accept: (c) => text(c, new Uint8Array(), true),
  },
  { name: "closed after accept", may: "error", theme: "open", accept: () => Promise.resolve() },
  {
    name: "HTTP",
    may: "error",
    theme: "open",
    accept: (c) => text(c, new TextEncoder().encode(PLAIN_HTTP)),
  },
  {
    name: "HTTP, held open",
    may: "error",
    theme: "open",
    accept: (c) => text(c, new TextEncoder().encode(PLAIN_HTTP), true),
  },
  { name: "TLS", may: "error", theme: "open", accept: (c) => text(c, TLS_ALERT, true) },
  {
    name: "SSH",
    may: "error",
    theme: "open",
    accept: (c) => text(c, new TextEncoder().encode("SSH-2.0-OpenSSH_9.2\r\n"), true),
  },
  {
    name: "bytes without end",
    may: "error",
    theme: "open",
    async accept(connection) {
      for (let i = 0; i < 20_000; i++) await connection.write(ENDLESS.fill(0x84));
    },
  },
  ...STEPS.flatMap((step): NamedLie[] => [
    at([step], frames(`closed at ${step}`, () => ["close"], "either"), "steps"),
    at([step], frames(`silence at ${step}`, () => [], "either"), "steps"),
    at(
      [step],
      frames(
        `an empty answer at ${step}`,
        (f) => [frameBytes({ ...f, body: new Uint8Array() })],
        "either",
      ),
      "steps",
    ),
    at(
      [step],
      frames(
        `an answer cut in half at ${step}`,
        (f) => [frameBytes({ ...f, body: f.body.subarray(0, f.body.length / 2) })],
        "either",
      ),
      "steps",
    ),
    at([step], errors(`an error at ${step}`, 0x0000, "no"), "steps"),
  ]),
  at(
    ["prepare"],
    frames("a statement of two billion columns", (f) => [frameBytes({
      ...f,
      body: new Body().int(4).short(16).raw(new Uint8Array(16)).int(1).int(HUGE).int(0).done(),
    })]),
    "steps",
  ),
  at(
    ["prepare"],
    frames("a statement of two billion keys", (f) => [frameBytes({
      ...f,
      body: new Body().int(4).short(16).raw(new Uint8Array(16)).int(1).int(1).int(HUGE).done(),
    })]),
    "steps",
  ),
  at(
    ["prepare"],
    frames("a statement without an id", (f) => [frameBytes({
      ...f,
      body: new Body().int(4).short(0).raw(f.body.subarray(22)).done(),
    })], "either"),
    "steps",
  ),
  at(
    ["system"],
    rows("system tables without rows", (r) => ({ ...r, cells: [] }), "either"),
    "steps",
  ),
  at(
    ["system"],
    rows("system tables of nulls", (r) => ({
      ...r,
      cells: r.cells.map((row) => row.map(() => null)),
    }), "either"),
    "steps",
  ),
  at(
    ["system"],
    rows("system tables with a column less", (r) => ({
      ...r,
      columns: r.columns.slice(1),
      cells: r.cells.map((row) => row.slice(1)),
    }), "either"),
    "steps",
  ),
  at(
    ["schema"],
    rows("a schema of nulls", (r) => ({ ...r, cells: r.cells.map((row) => row.map(() => null)) })),
    "steps",
  ),
  at(["schema"], rows("a schema without tables", (r) => ({ ...r, cells: [] })), "steps"),
  at(
    ["schema"],
    rows("a schema with a column less", (r) => ({
      ...r,
      columns: r.columns.slice(0, -1),
      cells: r.cells.map((row) => row.slice(0, -1)),
    }), "either"),
    "steps",
  ),
];

/** All lies. */
export const LIES: readonly NamedLie[] = [...inRows, ...inFrames, ...inErrors, ...onOpen];

/** Lies that tell the client's secrets, each at one step; for a server that asks for them. */
export const ECHOES: readonly NamedLie[] = (
  ["startup", "auth", "system", "schema", "prepare", "fetch", "page", "write"] as Kind[]
).flatMap((step) =>
  [0x0000, 0x0100, 0x2100, 0x2200, 0x1001].map((code): NamedLie =>
    at(
      [step],
      errors(
        `credentials in an error ${code.toString(16).padStart(4, "0")} at ${step}`,
        code,
        "user USER has password PASSWORD",
      ),
      "echoes",
    )
  )
);
