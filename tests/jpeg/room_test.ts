import { assert, assertEquals, assertThrows } from "@std/assert";
import { checkBudget } from "../../src/jpeg/budget.ts";
import { JpegFault } from "../../src/jpeg/fault.ts";
import { Lexer, SEGMENT_WORDS } from "../../src/jpeg/lex.ts";
import { parseJpeg } from "../../src/jpeg/parse.ts";
import { Room } from "../../src/jpeg/room.ts";
import type { Decodable } from "../../src/jpeg/stage.ts";
import { TableCache } from "../../src/jpeg/tables.ts";
import { restartEachBlock, sequentialScans } from "./hostile.ts";

const MIB = 2 ** 20;
const LARGE = { maxBinding: 2 ** 32 - 4, maxBuffer: 2 ** 34 };

function parse(file: Uint8Array) {
  const lexer = new Lexer();
  const options = { maxPixels: 1e6, maxScans: 1000, tables: new TableCache() };
  return parseJpeg(lexer, lexer.push(file), file, options);
}

Deno.test("coded data of a group stays below 512 MiB, as its bits have numbers of 32 bits", () => {
  const frame = parse(sequentialScans(8, 8, 1));
  const target = { byteOffset: 0, width: 8, height: 8, rowPitch: 64, channels: 3 } as const;
  const segments = new Uint32Array(3 * SEGMENT_WORDS);
  const room = new Room(LARGE);
  const taken = [0, 1, 2].map((i) => {
    segments.set([0, i * 200 * MIB, 200 * MIB, 0, 0], i * SEGMENT_WORDS);
    const scans = frame.scans.map((scan) => ({ ...scan, firstSegment: i }));
    const decodable: Decodable = { index: i, frame: { ...frame, scans }, target, orientation: 1 };
    return room.take(decodable, { segments });
  });
  assertEquals(taken, [true, true, false]);
});

Deno.test("a picture that takes more than the device has is refused before it is planned", () => {
  const frame = parse(restartEachBlock(400, 400));
  assert(checkBudget(frame, 3000, LARGE).written >= 2500 * 64);
  const refused = (coded: number, bounds: typeof LARGE, message: string) =>
    assertThrows(() => checkBudget(frame, coded, bounds), JpegFault, message);
  refused(512 * MIB, LARGE, "its entropy-coded data must take at most 536870848 bytes on the GPU");
  refused(3000, { maxBinding: MIB, maxBuffer: 120_000 }, "its state of restart segments must take");
});
