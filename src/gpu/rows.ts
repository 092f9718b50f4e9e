import { submitted } from "./scope.ts";
import { readBuffer } from "./tensor.ts";

/** A tensor whose first dimension counts images or masks, which lie one after the other. */
export interface Rows {
  /** The buffer that holds the elements. */
  readonly buffer: GPUBuffer;
  /** Where the first element lies, in bytes. */
  readonly byteOffset: number;
  /** Bytes of all elements. */
  readonly byteLength: number;
  /** Sizes by dimension. */
  readonly shape: readonly number[];
}

const WORD = 4;
const CLEAR = "clear images of a batch";
const PACK = "pack the images of a batch";

/** Bytes of one image of a tensor. */
function rowBytes(tensor: Rows): number {
  return tensor.byteLength / tensor.shape[0];
}

/**
 * Fills images of a tensor with zeros, or masks with a number.
 *
 * @param device The device that made the tensor's buffer.
 * @param tensor The tensor; its buffer has usage COPY_DST and COPY_SRC.
 * @param rows Places of the images.
 * @param value The number, in bytes or in words of four, as the tensor has them.
 * @returns When the work has been submitted.
 * @throws {LimitsError} If the device has no memory for it.
 * @throws {GpuError} If the device refuses it otherwise.
 */
export async function clearRows(
  device: GPUDevice,
  tensor: Rows,
  rows: readonly number[],
  value = 0,
): Promise<void> {
  const size = rowBytes(tensor);
  const isWhole = (row: number) =>
    size % WORD === 0 && (tensor.byteOffset + row * size) % WORD === 0;
  const whole = rows.filter(isWhole);
  if (whole.length > 0) {
    await submitted(device, CLEAR, () => {
      if (value !== 0) {
        const filled = filledRow(tensor, value);
        for (const row of whole) {
          device.queue.writeBuffer(tensor.buffer, tensor.byteOffset + row * size, filled);
        }
        return;
      }
      const encoder = device.createCommandEncoder({ label: CLEAR });
      for (const row of whole) {
        encoder.clearBuffer(tensor.buffer, tensor.byteOffset + row * size, size);
      }
      device.queue.submit([encoder.finish()]);
    });
  }
  for (const row of rows) {
    if (isWhole(row)) continue;
    // Copies go by words of four bytes, which such an image shares with its neighbours.
    const start = tensor.byteOffset + row * size;
    const from = Math.floor(start / WORD) * WORD;
    const to = Math.ceil((start + size) / WORD) * WORD;
    const words = new Uint8Array(await readBuffer(device, tensor.buffer, from, to - from));
    words.fill(value, start - from, start - from + size);
    await submitted(device, CLEAR, () => device.queue.writeBuffer(tensor.buffer, from, words));
  }
}

/** An image of which each element is a number; elements of less than a word are bytes. */
function filledRow(tensor: Rows, value: number): Uint8Array<ArrayBuffer> | Int32Array<ArrayBuffer> {
  const elements = tensor.shape.slice(1).reduce((product, length) => product * length, 1);
  const isBytes = rowBytes(tensor) === elements;
  return (isBytes ? new Uint8Array(elements) : new Int32Array(elements)).fill(value);
}

/**
 * Copies some images of a tensor, close together, to another buffer.
 *
 * @param device The device that made both buffers.
 * @param tensor Where the images are.
 * @param rows Their places, in the order in which they shall lie.
 * @param target Where to copy to, from byte 0 on; usage COPY_DST.
 * @returns When the work has been submitted.
 * @throws {LimitsError} If the device has no memory for it.
 * @throws {GpuError} If the device refuses it otherwise.
 */
export async function packRows(
  device: GPUDevice,
  tensor: Rows,
  rows: readonly number[],
  target: GPUBuffer,
): Promise<void> {
  const size = rowBytes(tensor);
  if (size % WORD === 0) {
    await submitted(device, PACK, () => {
      const encoder = device.createCommandEncoder({ label: PACK });
      rows.forEach((row, i) => {
        const from = tensor.byteOffset + row * size;
        encoder.copyBufferToBuffer(tensor.buffer, from, target, i * size, size);
      });
      device.queue.submit([encoder.finish()]);
    });
    return;
  }
  const all = new Uint8Array(
    await readBuffer(device, tensor.buffer, tensor.byteOffset, tensor.byteLength),
  );
  const packed = new Uint8Array(Math.ceil(rows.length * size / WORD) * WORD);
  rows.forEach((row, i) => packed.set(all.subarray(row * size, (row + 1) * size), i * size));
  await submitted(device, PACK, () => device.queue.writeBuffer(target, 0, packed));
}
