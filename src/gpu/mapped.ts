import { GpuError } from "../errors.ts";
import { lossOr } from "./lost.ts";

/**
 * Waits for the work that writes to a buffer, and copies it to JavaScript.
 *
 * @param device The device.
 * @param buffer A buffer with usage MAP_READ.
 * @param task What it is for, in words, such as `read a tensor`.
 * @returns A copy of its bytes.
 * @throws {DeviceLostError} If the device is lost.
 * @throws {GpuError} If the device does not give the buffer.
 */
export async function mapped(
  device: GPUDevice,
  buffer: GPUBuffer,
  task: string,
): Promise<ArrayBuffer> {
  try {
    await buffer.mapAsync(GPUMapMode.READ);
    const bytes = buffer.getMappedRange().slice(0);
    buffer.unmap();
    return bytes;
  } catch (error) {
    const reason = await lossOr(device, error);
    if (reason !== error) throw reason;
    throw new GpuError(
      `Cannot ${task} as the device must map a buffer: received "${(error as Error).message}"`,
      { cause: error },
    );
  }
}
