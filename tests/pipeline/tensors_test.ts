import { assert, assertEquals, assertRejects } from "@std/assert";
import { BufferPool, LimitsError, requestDevice } from "../../mod.ts";
import { TensorLender } from "../../src/pipeline/tensors.ts";

Deno.test("images of their own sizes of which one is too large leave nothing lent", async () => {
  const device = await requestDevice();
  using pool = new BufferPool(device);
  const lender = new TensorLender(device, pool, { layout: "NCHW", dtype: "f32" });
  const small = { width: 8, height: 8 };
  const huge = { width: 65_500, height: 65_500 };
  for (const sizes of [[small, huge], [huge], [null, small, huge, small]]) {
    await assertRejects(() => lender.ragged(sizes), LimitsError, "images of their own sizes");
    await assertRejects(
      () => lender.raggedMasks(sizes, 255),
      LimitsError,
      "masks of their own sizes",
    );
    assertEquals(pool.stats().lent, 0);
  }
  const { tensors, buffers } = await lender.ragged([small, null, small]);
  assertEquals(tensors.map((tensor) => tensor?.shape), [[1, 3, 8, 8], undefined, [1, 3, 8, 8]]);
  assertEquals(buffers.length, 1);
  assert(pool.stats().lent > 0);
  lender.releaseRagged({ tensors, buffers });
  assertEquals(pool.stats().lent, 0);
  device.destroy();
});
