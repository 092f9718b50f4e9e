/** Lies in the frames of answers. */
import { Body, frameBytes, Opcode } from "./frames.ts";
import { frames, HUGE, intBody, type NamedLie } from "./named_lie.ts";
import type { Step } from "./server.ts";

/** What a server of another protocol answers. */
export const PLAIN_HTTP =
  "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n\r\nno such thing\r\n";
/** Bytes that are sent over and over. */
export const ENDLESS: Uint8Array<ArrayBuffer> = new Uint8Array(1 << 16);

/** Sends a byte every so often. */
async function* drip(bytes: Uint8Array, pause: number): AsyncGenerator<Step> {
  for (let i = 0; i < bytes.length; i++) {
    yield bytes.subarray(i, i + 1);
    yield pause;
  }
}

/** Lies in frames and their headers, and about when they come. */
export const inFrames: NamedLie[] = [
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
