/** Every way in which the rude server lies, one at a time. */
import {
  Body,
  cell,
  errorBody,
  type Frame,
  frameBytes,
  Opcode,
  type Rows,
  rowsBody,
} from "./frames.ts";
import type { Kind, Lie, Request, Step } from "./server.ts";

/** A lie with what may come of it. */
export interface NamedLie extends Lie {
  /**
   * What a client may make of it: `right` if it only looks odd and the samples come, `error` if all
   * of what it touches must fail, `either` if that is the driver's choice.
   */
  may: "right" | "error" | "either";
  /** Kinds of requests that never come over the native driver or its statements. */
  theme: string;
}

const ENDLESS = new Uint8Array(1 << 16);
const HUGE = 0x7fffffff;
const PLAIN_HTTP = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n\r\nno such thing\r\n";
/** An alert of TLS 1.2: a plain client was answered by a server that wants a handshake. */
const TLS_ALERT = Uint8Array.of(0x15, 3, 3, 0, 2, 2, 40);

function rows(
  name: string,
  change: (rows: Rows) => Rows | Uint8Array,
  may: NamedLie["may"] = "error",
) {
  return { name, may, theme: "rows", rows: change } satisfies NamedLie;
}

function frames(
  name: string,
  answer: (frame: Frame, request: Request) => Iterable<Step> | AsyncIterable<Step>,
  may: NamedLie["may"] = "error",
) {
  return { name, may, theme: "frames", answer } satisfies NamedLie;
}

function at(kinds: Kind[], lie: NamedLie, theme: string): NamedLie {
  return { ...lie, at: kinds, theme };
}

function intBody(...values: number[]): Uint8Array {
  const body = new Body();
  for (const value of values) body.int(value);
  return body.done();
}

/** The definition of one column, as far as its type. */
function column(body: Body, name: string, type: number): Body {
  return body.string("rude").string("data").string(name).short(type);
}

async function text(connection: Deno.TcpConn, bytes: Uint8Array, hold = false): Promise<void> {
  await connection.write(bytes);
  // What the client says is read until it goes.
  const buffer = new Uint8Array(1 << 12);
  while (hold && await connection.read(buffer) !== null);
}

/** Sends a byte every so often. */
async function* drip(bytes: Uint8Array, pause: number): AsyncGenerator<Step> {
  for (let i = 0; i < bytes.length; i++) {
    yield bytes.subarray(i, i + 1);
    yield pause;
  }
}

const inRows: NamedLie[] = [
  rows("a cell of the last row is lacking", (r) => ({
    ...r,
    cells: r.cells.map((row, i) => i === r.cells.length - 1 ? row.slice(0, -1) : row),
  })),
  rows("rows are told that do not come", (r) => ({ ...r, rowCount: r.cells.length + 5 })),
  rows("two billion rows", (r) => ({ ...r, rowCount: HUGE })),
  rows("two billion rows of no columns", () => intBody(2, 0, 0, HUGE)),
  rows("a negative number of rows", (r) => ({ ...r, rowCount: -7 })),
  rows("a column too few", (r) => ({
    ...r,
    columns: r.columns.slice(0, 1),
    cells: r.cells.map((row) => row.slice(0, 1)),
  })),
  rows("a column too many", (r) => ({
    ...r,
    columns: [...r.columns, { name: "more", type: "int" }],
    cells: r.cells.map((row) => [...row, cell("int", 1)]),
  })),
  rows("columns in another order", (r) => ({
    ...r,
    columns: r.columns.toReversed(),
    cells: r.cells.map((row) => row.toReversed()),
  })),
  rows("columns of other names", (r) => ({
    ...r,
    columns: r.columns.map((each, i) => ({ ...each, name: `other${i}` })),
  })),
  rows("no columns told, though they were asked for", (r) => ({ ...r, noMetadata: true })),
  rows(
    "a label of type text",
    (r) => retyped(r, "int", "text", () => new TextEncoder().encode("3")),
  ),
  rows("a label of type float", (r) => retyped(r, "int", "float", () => intBody(0x40400000))),
  rows("a label of type bigint", (r) => retyped(r, "int", "bigint", () => intBody(0, 3))),
  rows("a label of eight bytes", (r) => retyped(r, "int", "int", () => intBody(0, 3))),
  rows("a label of one byte", (r) => retyped(r, "int", "int", () => Uint8Array.of(3))),
  rows("data of type text", (r) => retyped(r, "blob", "text", (bytes) => bytes)),
  rows("two billion columns", (r) => ({ ...r, columnCount: HUGE })),
  rows("a negative number of columns", (r) => ({ ...r, columnCount: -1 })),
  rows("a column of type list in a list in a list …", () => {
    const body = new Body().int(2).int(1).int(1).string("rude").string("data").string("data");
    const lists = Uint8Array.from({ length: 100_000 }, (_, i) => i % 2 * 0x20);
    return body.raw(lists).done();
  }),
  rows(
    "a custom type without its name",
    () => column(new Body().int(2).int(0).int(1), "data", 0).done(),
  ),
  rows("a cell longer than its frame", (r) => lengthened(r, 50_000)),
  rows("a cell of two billion bytes", (r) => lengthened(r, HUGE)),
  rows("a cell of negative length", (r) => lengthened(r, -100)),
  rows("a cell that is not set", (r) => lengthened(r, -2)),
  rows("two rows for one id", (r) => ({ ...r, cells: [...r.cells, ...r.cells] })),
  rows("bytes after the last row", (r) => ({ ...r, rowCount: 0 })),
  rows("a result of unknown kind", () => intBody(77)),
  rows("a result without rows", () => intBody(1)),
  rows("a keyspace in place of rows", () => new Body().int(3).string("other").done()),
  rows(
    "a schema change in place of rows",
    () => new Body().int(5).string("DROPPED").string("TABLE").string("rude").string("data").done(),
  ),
  rows(
    "a statement in place of rows",
    () => new Body().int(4).short(0).int(0).int(0).int(0).done(),
  ),
  rows("an empty result", () => new Uint8Array()),
  rows(
    "pages without end, each the same",
    (r) => ({ ...r, pageState: Uint8Array.of(1, 2, 3) }),
    "either",
  ),
  rows(
    "a page state longer than its frame",
    () => new Body().int(2).int(2).int(1).int(9_999).done(),
  ),
];

function retyped(
  rows: Rows,
  from: Rows["columns"][number]["type"],
  type: Rows["columns"][number]["type"],
  value: (bytes: Uint8Array) => Uint8Array,
): Rows {
  const places = rows.columns.map((each) => (each.was ?? each.type) === from);
  return {
    ...rows,
    columns: rows.columns.map((each, i) => places[i] ? { ...each, type } : each),
    cells: rows.cells.map((row) => row.map((each, i) => places[i] && each ? value(each) : each)),
  };
}

/** The length of the first row's blob, or of its first cell, is another than that of its bytes. */
function lengthened(rows: Rows, length: number): Uint8Array {
  const body = new Body();
  const cells = rows.cells.flat();
  const at = Math.max(0, rows.columns.findIndex(({ type, was }) => type === "blob" && !was));
  const all = { ...rows, cells: [], rowCount: rows.cells.length };
  return body.raw(headOf(all)).raw(cellsOf(cells.slice(0, at))).int(length)
    .raw(cells[at] ?? new Uint8Array()).raw(cellsOf(cells.slice(at + 1))).done();
}

function cellsOf(cells: (Uint8Array | null)[]): Uint8Array {
  const body = new Body();
  for (const each of cells) body.bytes(each);
  return body.done();
}

function headOf(rows: Rows): Uint8Array {
  // A result without cells is all that stands before them.
  return rowsBody(rows);
}

const inFrames: NamedLie[] = [
  frames(
    "a frame is cut short, and the connection closed",
    (f) => [frameBytes(f).subarray(0, -20), "close"],
    "either",
  ),
  frames("a frame is cut short, then silence", (f) => [frameBytes(f).subarray(0, -20)]),
  frames("a frame shorter than its cells, and another behind it", (f) => {
    const short = { ...f, body: f.body.subarray(0, f.body.length - 40) };
    return [Uint8Array.from([...frameBytes(short), ...frameBytes({ ...f, stream: 20_000 })])];
  }),
  frames("half a header, then silence", (f) => [frameBytes(f).subarray(0, 5)]),
  frames("a frame of two billion bytes, then silence", (f) => [frameBytes(f, HUGE)]),
  frames("a frame of negative length", (f) => [frameBytes(f, -1)]),
  frames("a frame without end", async function* (f) {
    yield frameBytes(f, HUGE);
    for (let i = 0; i < 20_000; i++) yield ENDLESS;
  }),
  frames("a byte every 20 ms", (f) => drip(frameBytes(f), 20)),
  frames("silence", () => []),
  frames("an unknown opcode", (f) => [frameBytes({ ...f, opcode: 0x77 })]),
  frames(
    "READY in place of rows",
    (f) => [frameBytes({ ...f, opcode: Opcode.READY, body: new Uint8Array() })],
  ),
  frames(
    "SUPPORTED in place of rows",
    (f) => [frameBytes({ ...f, opcode: Opcode.SUPPORTED, body: new Body().short(0).done() })],
  ),
  frames(
    "SUPPORTED without end of its map",
    (f) => [frameBytes({ ...f, opcode: Opcode.SUPPORTED, body: new Body().short(9).done() })],
  ),
  frames(
    "a challenge in place of rows",
    (f) => [frameBytes({ ...f, opcode: Opcode.AUTH_CHALLENGE, body: intBody(-1) })],
  ),
  frames(
    "AUTHENTICATE in place of rows",
    (f) => [frameBytes({ ...f, opcode: Opcode.AUTHENTICATE, body: new Body().string("x").done() })],
  ),
  frames("a request in place of an answer", (f) => [frameBytes({ ...f, opcode: Opcode.QUERY })]),
  frames(
    "an event in place of rows",
    (
      f,
    ) => [
      frameBytes({ ...f, opcode: Opcode.EVENT, body: new Body().string("STATUS_CHANGE").done() }),
    ],
  ),
  frames("a compressed body", (f) => [frameBytes({ ...f, flags: 0x01 })]),
  frames("warnings before the rows", (f) => [frameBytes({
    ...f,
    flags: 0x08,
    body: new Body().short(2).string("many tombstones").string("slow").raw(f.body).done(),
  })], "right"),
  frames("warnings that are not there", (f) => [frameBytes({ ...f, flags: 0x08 })]),
  frames("a trace's id before the rows", (f) => [frameBytes({
    ...f,
    flags: 0x02,
    body: new Body().raw(new Uint8Array(16)).raw(f.body).done(),
  })], "either"),
  frames("a payload before the rows", (f) => [frameBytes({
    ...f,
    flags: 0x04,
    body: new Body().short(1).string("key").bytes(Uint8Array.of(1)).raw(f.body).done(),
  })], "either"),
  frames("all flags set", (f) => [frameBytes({ ...f, flags: 0xff })]),
  frames("the stream of nobody", (f) => [frameBytes({ ...f, stream: f.stream + 1_000 })]),
  frames("a stream of events", (f) => [frameBytes({ ...f, stream: -5 })]),
  frames("each answer twice", (f) => [frameBytes(f), frameBytes(f)], "either"),
  frames("events that nobody asked for", (f) => [
    ...["UP", "DOWN"].map((change) =>
      frameBytes({
        ...f,
        stream: -1,
        opcode: Opcode.EVENT,
        body: new Body().string("STATUS_CHANGE").string(change).byte(4).raw(
          Uint8Array.of(10, 9, 9, 9),
        )
          .int(9042).done(),
      })
    ),
    frameBytes(f),
  ], "right"),
  frames("an event of unknown type", (f) => [
    frameBytes({
      ...f,
      stream: -1,
      opcode: Opcode.EVENT,
      body: new Body().string("GOSSIP").done(),
    }),
    frameBytes(f),
  ], "either"),
  frames("an event that is cut short", (f) => [
    frameBytes({
      ...f,
      stream: -1,
      opcode: Opcode.EVENT,
      body: new Body().string("STATUS_CHANGE").short(99).done(),
    }),
    frameBytes(f),
  ], "either"),
  frames("another version", (f) => [frameBytes({ ...f, version: 0x83 })], "either"),
  frames("an unknown version", (f) => [frameBytes({ ...f, version: 0xc2 })]),
  frames(
    "a version without the answer's bit",
    (f) => [frameBytes({ ...f, version: 0x04 })],
    "either",
  ),
  frames("bytes at random", () => [crypto.getRandomValues(new Uint8Array(5_000))]),
  frames("HTTP in mid-stream", () => [new TextEncoder().encode(PLAIN_HTTP)]),
  frames("closed in mid-fetch", () => ["close"]),
];

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
