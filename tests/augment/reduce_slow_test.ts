import { assert, assertEquals } from "@std/assert";
import { flip, normalize, resize } from "../../src/augment/mod.ts";
import * as reference from "./reference.ts";
import { run, testDevice, testPicture } from "./run.ts";

const device = await testDevice();

// Where a filter is wider than one invocation may walk, an axis at a time is summed by a workgroup.
Deno.test("very wide filters give the same numbers", async () => {
  const picture = testPicture(301, 203);
  const operators = [
    flip({ horizontal: true, vertical: true }),
    normalize({ mean: 100, std: 50 }),
  ];
  for (const interpolation of ["linear", "cubic", "lanczos3"] as const) {
    for (const [width, height] of [[5, 4], [1, 1], [1, 150], [200, 2], [300, 90]]) {
      const list = [operators[0], resize({ width, height, interpolation }), ...operators];
      const options = { maxSteps: 20 };
      const want = await run(device, [picture, picture], list);
      const got = await run(device, [picture, picture], list, { options });
      const u8 = await run(device, [picture], list, { options, output: { dtype: "u8" } });
      assertEquals(got.width, width);
      for (let i = 0; i < want.data.length; i++) {
        assert(Math.abs(want.data[i] - got.data[i]) < 1e-3);
      }
      assertEquals(u8.data, reference.toBytes(got.sample(0)));
    }
  }
});

Deno.test("an image of 60,000 pixels a row becomes one pixel", async () => {
  const picture = reference.draw(60000, 3, (x, y, c) => (x * (c + 1) + y * 50) % 251);
  const got = await run(device, [picture], [resize(1)]);
  const want = reference.resample(picture, [0, 0, 60000, 3], 1, 1);
  want.data.forEach((value, c) => assert(Math.abs(value - got.data[c]) < 0.05, `${got.data}`));
});

Deno.test("an image of 2,000 × 1,500 pixels becomes a few", async () => {
  const picture = testPicture(2000, 1500);
  for (const interpolation of ["linear", "lanczos3"] as const) {
    const got = await run(device, [picture], [resize({ width: 3, height: 2, interpolation })]);
    const want = reference.resample(picture, [0, 0, 2000, 1500], 3, 2, interpolation);
    reference.planes(want).forEach((value, i) => {
      assert(Math.abs(value - got.data[i]) < 0.05, `${value} and ${got.data[i]}`);
    });
  }
});
