/**
 * A device that `requestDevice` did not make may compute on a CPU without our knowing. lavapipe ends
 * an invocation, and the seven beside it, after 65,535 turns of all their loops, without an error.
 */
import { assertEquals } from "@std/assert";
import { JpegDecoder } from "../../src/jpeg/decoder.ts";
import { join, segment } from "./handmade.ts";
import { cjpeg, difference, djpeg, draw } from "./support.ts";

const ACROSS = 256;
const DOWN = 176;
const SEGMENTS = 8;

async function foreignDevice(): Promise<GPUDevice> {
  const adapter = await navigator.gpu.requestAdapter();
  return await adapter!.requestDevice();
}

/** Codes one after the other, in whole bytes. */
function bytesOf(codes: string): Uint8Array {
  const whole = codes + "1".repeat((8 - codes.length % 8) % 8);
  return Uint8Array.from(
    { length: whole.length / 8 },
    (_, i) => parseInt(whole.slice(8 * i, 8 * i + 8), 2),
  );
}

/**
 * A grey picture of segments whose pieces never find their places by themselves, as all codes but the
 * first are zeros, and at ever other distances from the beginning, so that neighbouring invocations
 * do not decode at the same time.
 */
function neverInStep(): Uint8Array {
  const height = DOWN * SEGMENTS * 8;
  const data: Uint8Array[] = [];
  for (let i = 0; i < SEGMENTS; i++) {
    // Of a block a DC difference of 1 or 0, and its end.
    const brighter = i % 3;
    data.push(bytesOf("10100".repeat(brighter) + "000".repeat(ACROSS * DOWN - brighter)));
    if (i < SEGMENTS - 1) data.push(Uint8Array.of(0xff, 0xd0 + i % 8));
  }
  const counts = (...lengths: number[]) => Array.from({ length: 16 }, (_, i) => lengths[i] ?? 0);
  const interval = ACROSS * DOWN;
  return join(
    [0xff, 0xd8],
    segment(0xdb, [0, ...new Array(64).fill(32)]),
    segment(0xc0, [8, height >> 8, height & 255, ACROSS * 8 >> 8, ACROSS * 8 & 255, 1, 1, 0x11, 0]),
    segment(0xc4, [0, ...counts(1, 1), 0, 1]),
    segment(0xc4, [0x10, ...counts(0, 1), 0]),
    segment(0xdd, [interval >> 8, interval & 255]),
    segment(0xda, [1, 1, 0, 0, 63, 0]),
    ...data,
    [0xff, 0xd9],
  );
}

for (
  const [name, make] of [
    ["that never finds its place by itself", () => neverInStep()],
    ["of noise", () => cjpeg(draw(1900, 1300, 3, 3, 255), "-quality", "97")],
    ["of noise in several scans", () => cjpeg(draw(900, 700, 3, 3, 255), "-progressive")],
  ] as const
) {
  Deno.test(`a picture ${name} is equal to djpeg on a device that was made elsewhere`, async () => {
    const device = await foreignDevice();
    const file = await make();
    const oracle = await djpeg(file);
    assertEquals([oracle.code, oracle.stderr], [0, ""]);
    for (const entropy of ["sync", "segment"] as const) {
      using decoder = new JpegDecoder(device, { entropy });
      using images = await decoder.decode([file]);
      assertEquals(await images.verify(), [undefined]);
      assertEquals(images.warnings, [[]]);
      assertEquals(difference(await images.read(0), oracle), undefined);
    }
    device.destroy();
  });
}
