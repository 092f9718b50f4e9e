import { assert, assertEquals, assertThrows } from "@std/assert";
import { encode } from "fast-png";
import {
  flip,
  LimitsError,
  Loader,
  requestDevice,
  resize,
  UnsupportedFormatError,
  UsageError,
} from "../mod.ts";
import { picture } from "./loader_fixture.ts";
import { countedIds, FakeSource, numberOf } from "./pipeline/fake_source.ts";

const WIDTH = 24;
const HEIGHT = 16;
const device = await requestDevice();

/** A PNG file whose pixels tell the sample and their place; of another kind for each sample. */
function png(sample: number): Uint8Array {
  const channels = ([1, 2, 3, 4] as const)[sample % 4];
  const depth = sample % 8 < 4 ? 8 : 16;
  const data = new (depth === 8 ? Uint8Array : Uint16Array)(WIDTH * HEIGHT * channels);
  for (let i = 0; i < WIDTH * HEIGHT; i++) {
    for (let c = 0; c < channels; c++) {
      data[i * channels + c] = level(sample, i, channels > 2 ? c : 0) * (depth === 8 ? 1 : 257);
    }
  }
  return encode({ width: WIDTH, height: HEIGHT, channels, depth, data });
}

function level(sample: number, i: number, c: number): number {
  return (sample * 31 + i * 3 + c * 50) % 256;
}

function loader(blob: (sample: number) => Uint8Array | null, size = 8): Loader<Int32Array> {
  return new Loader({
    source: new FakeSource(blob),
    device,
    ids: countedIds(size),
    batchSize: 4,
    augment: [flip({ horizontal: true })],
    output: { layout: "NHWC", dtype: "u8" },
    onCorrupt: "mask",
  });
}

Deno.test("PNG files of all kinds are decoded, alone and beside JPEG files", async () => {
  for (const isPng of [() => true, (sample: number) => sample % 2 === 0]) {
    await using one = loader((sample) => (isPng(sample) ? png(sample) : picture(sample)));
    for await (using batch of one) {
      const pixels = await batch.images.read();
      assertEquals([...batch.valid], [1, 1, 1, 1]);
      for (let i = 0; i < batch.length; i++) {
        const sample = numberOf(batch.ids, i);
        for (let p = 0; p < WIDTH * HEIGHT && isPng(sample); p++) {
          const mirrored = p - p % WIDTH + WIDTH - 1 - p % WIDTH;
          for (let c = 0; c < 3; c++) {
            const expected = level(sample, mirrored, sample % 4 >= 2 ? c : 0);
            assertEquals(pixels[(i * WIDTH * HEIGHT + p) * 3 + c], expected);
          }
        }
      }
    }
    assertEquals(one.stats().pool.lent, 0);
  }
});

Deno.test("a bad PNG file is the failure of its sample alone", async () => {
  await using one = loader((sample) => {
    if (sample === 1) return png(1).subarray(0, 60);
    if (sample !== 2) return sample === 3 ? png(3) : picture(sample);
    const vast = png(2).slice();
    new DataView(vast.buffer).setUint32(16, 65_500);
    new DataView(vast.buffer).setUint32(20, 65_500);
    return vast;
  }, 4);
  for await (using batch of one) {
    assertEquals([...batch.valid], [1, 0, 0, 1]);
    const [cut, vast] = batch.errors.map(({ reason }) => reason);
    assert(cut instanceof UnsupportedFormatError && vast instanceof LimitsError);
    assertEquals(cut.sampleId, batch.ids.at(1));
    assert(cut.message.includes(batch.ids.at(1)), cut.message);
  }
});

Deno.test("maxPixels bounds pictures of both formats, each for its sample alone", async () => {
  const make = (maxPixels: number) =>
    new Loader({
      source: new FakeSource((sample) => (sample % 2 === 0 ? png(sample) : picture(sample))),
      device,
      ids: countedIds(4),
      batchSize: 4,
      maxPixels,
      onCorrupt: "mask",
      augment: [resize(8)],
    });
  for (const [maxPixels, valid] of [[WIDTH * HEIGHT, 1], [WIDTH * HEIGHT - 1, 0]]) {
    await using one = make(maxPixels);
    for await (using batch of one) {
      assertEquals([...batch.valid], new Array(4).fill(valid));
      for (const { reason, id } of batch.errors) {
        assert(reason instanceof LimitsError, `${reason}`);
        assertEquals(reason.sampleId, id);
      }
    }
  }
  for (const wrong of [0, -1, 1.5, NaN, Infinity, "9"]) {
    const error = assertThrows(() => make(wrong as number), UsageError, "maxPixels must be");
    assertEquals(error.option, "maxPixels");
  }
});
