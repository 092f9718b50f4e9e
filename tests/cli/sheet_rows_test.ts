import { assert, assertEquals } from "@std/assert";
import { encode } from "fast-png";
import { crop, requestDevice, resize } from "../../mod.ts";
import { overlay } from "../../src/cli/overlay.ts";
import { loadRows } from "../../src/cli/sheet_rows.ts";
import { picture, TEXT } from "../loader_fixture.ts";
import { countedIds, FakeSource } from "../pipeline/fake_source.ts";

const SIDE = 16;

/** Grey pictures, of which the second cannot be read, and masks whose right half is 2, or red. */
class Masked extends FakeSource {
  override readonly labelType = "blob" as "int";

  readonly #channels: 1 | 3;

  constructor(channels: 1 | 3) {
    super((sample) => sample === 1 ? TEXT : picture(sample, SIDE, SIDE));
    this.#channels = channels;
  }

  override async fetch(...args: Parameters<FakeSource["fetch"]>) {
    const batch = await super.fetch(...args);
    const channels = this.#channels;
    const right = (i: number) => Math.floor(i / channels) % SIDE >= SIDE / 2;
    const data = Uint8Array.from(
      { length: SIDE * SIDE * channels },
      (_, i) => right(i) && i % channels === 0 ? 2 : 0,
    );
    const file = new Uint8Array(encode({ width: SIDE, height: SIDE, channels, data }));
    batch.label = () => file;
    return batch;
  }
}

function isGrey(pixels: Uint8Array, x: number): boolean {
  return pixels[3 * x] === pixels[3 * x + 1] && pixels[3 * x] === pixels[3 * x + 2];
}

Deno.test("a sheet shows masks over pictures and variants, and what cannot be loaded", async () => {
  for (const channels of [1, 3] as const) await checkRows(channels);
});

async function checkRows(channels: 1 | 3): Promise<void> {
  const device = await requestDevice();
  const colors = channels === 3 ? [[0, 0, 0], [9, 9, 9], [2, 0, 0]] as const : undefined;
  const rows = await loadRows({
    source: new Masked(channels),
    device,
    ids: countedIds(2),
    captions: ["first", "second"],
    augment: [crop(8, { x: 1, y: 0 }), resize(SIDE)],
    size: SIDE,
    variants: 2,
    seed: 1,
    masks: { classes: 3, colors },
  });
  device.destroy();
  const [[original, ...variants], bad] = rows;
  assertEquals([original.caption, ...variants.map(({ caption }) => caption)], [
    "first",
    "epoch 0",
    "epoch 1",
  ]);
  assert(isGrey(original.pixels!, 0) && !isGrey(original.pixels!, SIDE - 1));
  for (const { pixels } of variants) assert(!isGrey(pixels!, 0) && !isGrey(pixels!, SIDE - 1));
  for (const cell of bad) {
    assertEquals([cell.pixels, cell.bad, cell.caption], [null, true, "UnsupportedFormatError"]);
  }
}

Deno.test("classes differ in colour; class 0 and what is of no class stay as they are", () => {
  const pixels = new Uint8Array(3 * 5).fill(100);
  overlay(pixels, [0, 1, 2, 3, 255], 255);
  const colours = [0, 1, 2, 3, 4].map((i) => pixels.slice(3 * i, 3 * i + 3).join());
  assertEquals([colours[0], colours[4]], ["100,100,100", "100,100,100"]);
  assertEquals(new Set(colours.slice(0, 4)).size, 4);
});
