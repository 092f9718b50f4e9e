import { assert, assertEquals, assertThrows } from "@std/assert";
import { FrameSplitter } from "../../tools/cql_frames.ts";

const RESULT = 8;
const EVENT = 12;

/** A frame of protocol 4 that tells by its body which one it is. */
function frame(opcode: number, number: number, length: number): Uint8Array {
  const bytes = new Uint8Array(9 + length).fill(number & 0xff, 9);
  bytes.set([0x84, 0, number >> 8, number & 0xff, opcode]);
  new DataView(bytes.buffer).setUint32(5, length);
  return bytes;
}

/** Cuts a stream into frames; fails where one is not whole. */
function cut(stream: Uint8Array): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let at = 0; at < stream.length;) {
    const end = at + 9 + new DataView(stream.buffer, at).getUint32(5);
    assert(end <= stream.length, "the last frame is cut off");
    frames.push(stream.slice(at, end));
    at = end;
  }
  return frames;
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

Deno.test("FrameSplitter keeps every frame whole, wherever what is read begins", () => {
  let state = 1;
  const below = (limit: number) => (state = state * 48271 % 0x7fffffff) % limit;
  for (let round = 0; round < 200; round++) {
    const frames = Array.from({ length: 40 }, (_, i) => {
      return frame(below(3) === 0 ? EVENT : RESULT, i, below(4) === 0 ? 0 : below(60));
    });
    const chosen = new Set(frames.flatMap((_, i) => (below(4) === 0 ? [i] : [])));
    const [out, held]: [Uint8Array[], Uint8Array[]] = [[], []];
    let results = -1;
    const splitter = new FrameSplitter({
      choose: (opcode) => {
        results++;
        assertEquals(opcode, frames[results][4]);
        return chosen.has(results);
      },
      hold: (bytes) => held.push(bytes),
      send: (bytes) => out.push(bytes.slice()),
    });
    const stream = join(frames);
    const back: Uint8Array[] = [];
    for (let at = 0; at < stream.length;) {
      const chunk = stream.slice(at, at + 1 + below(50));
      splitter.add(chunk);
      // What was sent of it has gone out: it may be written over.
      chunk.fill(0xff);
      at += chunk.length;
      if (held.length > 0 && below(2) === 0) {
        back.push(held[0]);
        splitter.insert(held.shift()!);
      }
    }
    for (const bytes of held) {
      back.push(bytes);
      splitter.insert(bytes);
    }
    const number = (bytes: Uint8Array) => bytes[2] << 8 | bytes[3];
    const came = cut(join(out));
    const passed = came.filter((bytes) => !chosen.has(number(bytes)));
    assertEquals(passed, frames.filter((_, i) => !chosen.has(i)));
    assertEquals(came.filter((bytes) => chosen.has(number(bytes))), back);
    assertEquals(back.map(number), [...chosen]);
  }
});

Deno.test("FrameSplitter passes frames on in one piece that were read in one", () => {
  const sent: number[] = [];
  const splitter = new FrameSplitter({
    choose: (opcode) => opcode === EVENT,
    hold: () => {},
    send: ({ length }) => sent.push(length),
  });
  splitter.add(
    join([frame(RESULT, 0, 5), frame(RESULT, 1, 7), frame(EVENT, 2, 9), frame(RESULT, 3, 1)]),
  );
  assertEquals(sent, [9 + 5 + 9 + 7, 9 + 1]);
});

Deno.test("FrameSplitter refuses protocols whose frames are wrapped into others", () => {
  const splitter = new FrameSplitter({ choose: () => false, hold: () => {}, send: () => {} });
  assertThrows(() => splitter.add(Uint8Array.of(0x85, 0, 0, 0, 8, 0, 0, 0, 0)), Error, "protocol");
});
