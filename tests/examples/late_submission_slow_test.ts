/** TensorFlow.js submits later than it takes a batch: what reads it must be told apart from what comes next. */
import { assert, assertEquals } from "@std/assert";
// deno-lint-ignore no-import-prefix
import * as tf from "npm:@tensorflow/tfjs@4.22.0";
import { asTensor, flush, useDevice } from "../../examples/net.ts";
import { type Batch, Loader, requestDevice, resize } from "../../mod.ts";
import { picture } from "../loader_fixture.ts";
import { countedIds, FakeSource } from "../pipeline/fake_source.ts";

const BATCHES = 30;

type Losses = Promise<Float32Array | Int32Array | Uint8Array>[];
/** What a consumer does with a batch and the loss that it has asked for, before it disposes of the batch. */
type Care = (batch: Batch<Int32Array>, loss: tf.Tensor, losses: Losses) => void;

/** The mean squares of all batches, computed without a wait in between. */
async function lossesOf(device: GPUDevice, copies: boolean, care: Care): Promise<number[]> {
  const ids = countedIds(4 * BATCHES);
  const form = { augment: [resize(16)], output: { layout: "NHWC", dtype: "f32" } } as const;
  await using loader = new Loader<Int32Array>({
    ...form,
    source: new FakeSource((sample) => picture(sample)),
    device,
    ids,
    batchSize: 4,
  });
  const losses: Losses = [];
  const tensors: tf.Tensor[] = [];
  for await (using batch of loader) {
    const { buffer, shape } = batch.images;
    const x = copies
      ? tf.tensor({ buffer }, [...shape], "float32")
      : asTensor(batch.images) as tf.Tensor;
    const loss = tf.tidy(() => tf.mean(tf.square(tf.div(x, 255))));
    tensors.push(x, loss);
    care(batch, loss, losses);
  }
  if (losses.length === 0) {
    for (let i = 1; i < tensors.length; i += 2) losses.push(tensors[i].data());
  }
  const values = (await Promise.all(losses)).map(([value]) => value);
  tf.dispose(tensors);
  return values;
}

Deno.test("TensorFlow.js computes the right losses from batches that are held, flushed or copied", async () => {
  const device = await requestDevice();
  await useDevice(device);
  const expected = await lossesOf(device, true, () => {});
  assert(new Set(expected).size > BATCHES / 2, `${expected}`);
  const held = await lossesOf(device, false, (batch, loss, losses) => {
    const value = loss.data();
    losses.push(value);
    batch.hold(value);
  });
  assertEquals(held, expected);
  assertEquals(await lossesOf(device, false, flush), expected);
  const careless = await lossesOf(device, false, () => {});
  const wrong = careless.filter((loss, i) => loss !== expected[i]).length;
  console.log(`${BATCHES} losses: 0 wrong where batches are held or flushed, ${wrong} without`);
  // If none were, the others would prove nothing.
  assert(wrong > 0);
  device.destroy();
});
