import { assert } from "@std/assert";
import { contrast, crop } from "../../src/augment/mod.ts";
import { run, testDevice } from "./run.ts";

const device = await testDevice();

Deno.test("the luma of a picture is added up beyond 32 bits", async () => {
  // White but for every 64th row: 4.43e9, where a word ends at 4.29e9.
  const width = 4200, height = 4200, white = 255, of = 64;
  const data = new Float64Array(width * height * 3).fill(white);
  for (let y = 0; y < height; y += of) data.fill(0, 3 * y * width, 3 * (y + 1) * width);
  const black = Math.ceil(height / of);
  const mean = Math.floor(white * (1 - black / height) + 0.5);
  const got = await run(device, [{ width, height, data }], [
    contrast(0.5, { contrastCenter: "mean" }),
    crop({ width: 1, height: 2 }, { x: 0, y: 0 }),
  ]);
  const want = [0, white].map((level) => mean + 0.5 * (level - mean));
  assert(Math.abs(got.data[0] - want[0]) < 1e-3, `${got.data[0]} is not ${want[0]}`);
  assert(Math.abs(got.data[1] - want[1]) < 1e-3, `${got.data[1]} is not ${want[1]}`);
});
