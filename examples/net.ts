// TensorFlow.js: the one library that trains on a WebGPU device that it is given. It is named here
// and not in deno.json, as its 300 MB are for this example alone.
// deno-lint-ignore no-import-prefix
import * as tf from "npm:@tensorflow/tfjs@4.22.0";
// deno-lint-ignore no-import-prefix
import { WebGPUBackend } from "npm:@tensorflow/tfjs-backend-webgpu@4.22.0";
import type { GpuTensor } from "../mod.ts";

/** Lets TensorFlow.js compute on a device of the caller's, where the loader's batches lie. */
export async function useDevice(device: GPUDevice): Promise<void> {
  // Its kernels are registered for a backend of this name, and its own would ask for another device.
  tf.removeBackend("webgpu");
  tf.registerBackend("webgpu", () => new WebGPUBackend(device, device.adapterInfo));
  await tf.setBackend("webgpu");
  await tf.ready();
}

/** Wraps a batch's images (NHWC, f32) as a tensor of TensorFlow.js, without a copy. */
export function asTensor({ buffer, shape }: GpuTensor): tf.Tensor4D {
  return tf.tensor({ buffer, zeroCopy: true }, [...shape], "float32") as tf.Tensor4D;
}

/**
 * Has TensorFlow.js submit what it has recorded. It waits until there are some 15 dispatches, or a value
 * is read: a batch that is disposed of before may be overwritten under what is to read it.
 */
export function flush(): void {
  const backend = tf.backend() as WebGPUBackend;
  backend.ensureCommandEncoderReady();
  backend.endComputePassEncoder();
  backend.submitQueue();
}

/** A small convolutional net: two convolutions with pooling, and one dense layer. */
export class SmallNet {
  readonly #weights: tf.Variable[];
  readonly #optimizer = tf.train.adam(2e-3);

  /** @param side Side of the images, in pixels; a multiple of 4. */
  constructor(side: number, classes: number, seed: number) {
    const shapes: [number[], number][] = [
      [[3, 3, 3, 12], 27],
      [[3, 3, 12, 24], 108],
      [[(side / 4) ** 2 * 24, classes], (side / 4) ** 2 * 24],
    ];
    this.#weights = shapes.flatMap(([shape, inputs], i) => [
      // He et al., "Delving Deep into Rectifiers", 2015, equation 10.
      tf.variable(tf.randomNormal(shape, 0, Math.sqrt(2 / inputs), "float32", seed + i)),
      tf.variable(tf.zeros([shape.at(-1)!])),
    ]);
  }

  /** Class scores of some images. */
  scores(images: tf.Tensor4D): tf.Tensor2D {
    return tf.tidy(() => {
      const [w1, b1, w2, b2, w3, b3] = this.#weights;
      const layer = (x: tf.Tensor4D, w: tf.Variable, b: tf.Variable): tf.Tensor4D => {
        const sums = tf.add(tf.conv2d(x, w as tf.Tensor4D, 1, "same"), b) as tf.Tensor4D;
        return tf.maxPool(tf.relu(sums), 2, 2, "same");
      };
      const features = layer(layer(images, w1, b1), w2, b2);
      const flat = tf.reshape(features, [images.shape[0], -1]);
      return tf.add(tf.matMul(flat, w3 as tf.Tensor2D), b3) as tf.Tensor2D;
    });
  }

  /** Takes one step of Adam; tells the mean cross-entropy before it. */
  async step(images: GpuTensor, labels: Int32Array, classes: number): Promise<number> {
    const x = asTensor(images);
    const y = tf.tidy(() => tf.oneHot(tf.tensor1d(labels, "int32"), classes));
    const loss = this.#optimizer.minimize(
      () => tf.losses.softmaxCrossEntropy(y, this.scores(x)).asScalar(),
      true,
    )!;
    const [value] = await loss.data();
    tf.dispose([x, y, loss]);
    return value;
  }

  /** The most likely class of each image. */
  async classify(images: GpuTensor): Promise<Int32Array> {
    const x = asTensor(images);
    const best = tf.tidy(() => tf.argMax(this.scores(x), 1));
    const classes = await best.data();
    tf.dispose([x, best]);
    return Int32Array.from(classes);
  }

  /**
   * Powers of the optimizer's decay rates. Its own `setWeights` makes them anew from the number of
   * steps, which differs in the last bits from what step by step has become of them.
   */
  get #powers(): tf.Variable[] {
    const { accBeta1, accBeta2 } = this.#optimizer as unknown as Record<string, tf.Variable>;
    return [accBeta1, accBeta2];
  }

  /** Weights and optimizer as plain data. */
  async save(): Promise<SavedTensor[]> {
    const optimizer = await this.#optimizer.getWeights();
    const powers = this.#powers.map((tensor, i) => ({ name: `power/${i}`, tensor }));
    const own = this.#weights.map((tensor, i) => ({
      name: `net/${i}`,
      tensor: tensor as tf.Tensor,
    }));
    return await Promise.all([...own, ...powers, ...optimizer].map(async ({ name, tensor }) => ({
      name,
      shape: tensor.shape,
      data: new Uint8Array(Float32Array.from(await tensor.data()).buffer).toBase64(),
    })));
  }

  /** Takes over what {@linkcode SmallNet.save} gave. */
  async load(saved: SavedTensor[]): Promise<void> {
    const tensors = saved.map(({ name, shape, data }) => ({
      name,
      tensor: tf.tensor(new Float32Array(Uint8Array.fromBase64(data).buffer), shape),
    }));
    const variables = [...this.#weights, ...this.#powers];
    await this.#optimizer.setWeights(tensors.slice(variables.length));
    variables.forEach((variable, i) => variable.assign(tensors[i].tensor));
  }
}

/** A tensor as JSON. */
export interface SavedTensor {
  name: string;
  shape: number[];
  /** The elements, 32-bit floats, in base64. */
  data: string;
}
