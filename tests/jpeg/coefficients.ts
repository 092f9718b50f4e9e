import { assertEquals } from "@std/assert";
import { JpegDecoder } from "../../src/jpeg/decoder.ts";
import { BufferPool } from "../../src/gpu/pool.ts";
import { readBuffer } from "../../src/gpu/tensor.ts";

const LABEL = "jpeg coefficients";

/** A pool that keeps a copy of the coefficients that were decoded last. */
class CoefficientPool extends BufferPool {
  readonly #device: GPUDevice;
  #copy: GPUBuffer | undefined;

  constructor(device: GPUDevice) {
    super(device);
    this.#device = device;
  }

  override release(buffer: GPUBuffer): void {
    if (buffer.label === LABEL) {
      this.#copy?.destroy();
      const { COPY_DST, COPY_SRC } = GPUBufferUsage;
      this.#copy = this.#device.createBuffer({ size: buffer.size, usage: COPY_DST | COPY_SRC });
      const encoder = this.#device.createCommandEncoder();
      encoder.copyBufferToBuffer(buffer, 0, this.#copy, 0, buffer.size);
      this.#device.queue.submit([encoder.finish()]);
    }
    super.release(buffer);
  }

  /** The coefficients, and what is left of their buffer. */
  async coefficients(): Promise<Uint32Array> {
    return new Uint32Array(await readBuffer(this.#device, this.#copy!, 0, this.#copy!.size));
  }

  override [Symbol.dispose](): void {
    this.#copy?.destroy();
    super[Symbol.dispose]();
  }
}

/** Decodes files by segment and by self-synchronisation, and fails if anything differs. */
export async function assertPathsAgree(device: GPUDevice, files: Uint8Array[]): Promise<void> {
  const results: [Uint32Array, Uint8Array, boolean[]][] = [];
  for (const entropy of ["segment", "sync"] as const) {
    using pool = new CoefficientPool(device);
    using decoder = new JpegDecoder(device, { pool, entropy });
    using images = await decoder.decode(files);
    const errors = await images.verify();
    const end = Math.max(
      0,
      ...images.images.map((image) => image ? image.byteOffset + image.rowPitch * image.height : 0),
    );
    const pixels = new Uint8Array(await readBuffer(device, images.buffer, 0, end));
    results.push([await pool.coefficients(), pixels, errors.map((error) => error !== undefined)]);
  }
  const [segment, sync] = results;
  assertEquals(sync[2], segment[2]);
  assertEquals(sync[0].findIndex((word, i) => word !== segment[0][i]), -1);
  assertEquals(sync[1].findIndex((byte, i) => byte !== segment[1][i]), -1);
}
