import {
  type CassetteError,
  CorruptJpegError,
  DisposedError,
  LimitsError,
  UnsupportedFormatError,
  UnsupportedJpegError,
  UsageError,
} from "../errors.ts";
import { isCpuAdapter } from "../gpu/device.ts";
import { type GpuImage, GpuImages } from "../gpu/images.ts";
import { BufferPool } from "../gpu/pool.ts";
import type { IdList } from "../ids.ts";
import { JpegFault } from "./fault.ts";
import type { JpegFrame } from "./frame.ts";
import { type JpegKernels, loadKernels, recordGroup } from "./kernels.ts";
import { Lexer } from "./lex.ts";
import { parseJpeg } from "./parse.ts";
import {
  type Decodable,
  footprint,
  type Group,
  planGroup,
  STATUS_WORDS,
  type Tuning,
} from "./plan.ts";
import { clearStatus, statusError } from "./status.ts";
import { TableCache } from "./tables.ts";
import { QUANT_BINDING_BYTES } from "./component_records.ts";
import { Words } from "./words.ts";

/** Blobs to decode: a list of them, or a batch from a source. */
export type BlobList =
  | readonly Uint8Array[]
  | {
    /** Number of blobs. */
    readonly length: number;
    /**
     * One blob.
     *
     * @param index Its place.
     * @returns Its bytes; empty if there is none.
     */
    blob(index: number): Uint8Array;
  };

/** Options of {@linkcode JpegDecoder}. */
export interface JpegDecoderOptions {
  /** Lends the GPU buffers; a pool of its own when left out. */
  pool?: BufferPool;
  /** Most pixels that a file's header may ask for; 2^28 when left out. */
  maxPixels?: number;
  /** Whether pictures are turned as their EXIF orientation says; `apply` when left out. */
  orientation?: "apply" | "ignore";
  /** Told of each file that libjpeg-turbo would warn of. */
  onWarning?: (message: string) => void;
}

/** Options of one decode. */
export interface DecodeOptions {
  /** Ids of the samples, for errors. */
  ids?: IdList;
  /** Aborts the decode before it is submitted. */
  signal?: AbortSignal;
}

/** Options of a decode in parts. */
export interface DecodePartsOptions extends DecodeOptions {
  /** Most bytes of pixels in a part; what the device allows in one buffer when left out. */
  maxBytes?: number;
}

/** Consecutive blobs of a list, decoded. */
export interface DecodedPart {
  /** Place of the part's first blob in the list. */
  first: number;
  /** Their pictures. */
  images: GpuImages;
}

const DEFAULT_MAX_PIXELS = 2 ** 28;
const PIXEL_BYTES = 4;
const ROW_ALIGNMENT = 64;
const IMAGE_ALIGNMENT = 256;
/** Most bytes of coefficients that are in flight at once, if one picture does not need more. */
const SCRATCH_BYTES = 2 ** 28;
const CPU_TUNING: Tuning = { entropy: 8, idct: 32, colour: 64, cap: 16_000 };
const GPU_TUNING: Tuning = { entropy: 32, idct: 64, colour: 64, cap: 16_000 };

/** Pictures that were lexed and parsed and fit one buffer. */
interface Part {
  first: number;
  end: number;
  bytes: number;
  images: (GpuImage | null)[];
  errors: (CassetteError | undefined)[];
  warnings: (readonly string[])[];
  decodables: Decodable[];
}

/**
 * Decodes JPEG files on the GPU, many at a time.
 *
 * Pixels are equal to what libjpeg-turbo decodes by default (accurate integer inverse DCT, triangle
 * upsampling), bit for bit. The CPU reads the markers and unstuffs the entropy-coded segments; Huffman
 * decoding, inverse DCT, upsampling and colour conversion are compute shaders.
 *
 * @example
 * ```ts
 * import { JpegDecoder, requestDevice } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 * import jpeg from "jpeg-js";
 *
 * const { data } = jpeg.encode({ width: 8, height: 8, data: new Uint8Array(256).fill(128) }, 90);
 * const device = await requestDevice();
 * using decoder = new JpegDecoder(device);
 * using images = await decoder.decode([data]);
 * const { width, height } = await images.read(0);
 * assertEquals([width, height], [8, 8]);
 * device.destroy();
 * ```
 */
export class JpegDecoder implements Disposable {
  readonly #device: GPUDevice;
  readonly #pool: BufferPool;
  readonly #ownsPool: boolean;
  readonly #maxPixels: number;
  readonly #applyOrientation: boolean;
  readonly #onWarning?: (message: string) => void;
  readonly #tuning: Tuning;
  readonly #lexer = new Lexer();
  readonly #tables = new TableCache();
  readonly #read = new Words();
  readonly #written = new Words();
  readonly #unverified: FinalizationRegistry<GPUBuffer>;
  #disposed = false;

  /**
   * Makes a decoder; kernels are compiled at the first decode, or by `warmUp`.
   *
   * @param device The device that decodes; the decoder never destroys it.
   * @param options Pool, limits, orientation and warnings.
   * @throws {UsageError} If an option is wrong.
   */
  constructor(device: GPUDevice, options: JpegDecoderOptions = {}) {
    const { maxPixels = DEFAULT_MAX_PIXELS, orientation = "apply" } = options;
    if (!(maxPixels >= 1)) {
      throw new UsageError(
        `Cannot make a JpegDecoder as maxPixels must be at least 1: received ${maxPixels}`,
        { option: "maxPixels" },
      );
    }
    if (orientation !== "apply" && orientation !== "ignore") {
      throw new UsageError(
        `Cannot make a JpegDecoder as orientation must be "apply" or "ignore": received ${
          JSON.stringify(orientation)
        }`,
        { option: "orientation" },
      );
    }
    this.#device = device;
    this.#ownsPool = options.pool === undefined;
    this.#pool = options.pool ?? new BufferPool(device);
    this.#maxPixels = maxPixels;
    this.#applyOrientation = orientation === "apply";
    this.#onWarning = options.onWarning;
    this.#tuning = isCpuAdapter(device) ? CPU_TUNING : GPU_TUNING;
    const pool = this.#pool;
    this.#unverified = new FinalizationRegistry((staging) => pool.release(staging));
  }

  /**
   * Decodes blobs into one buffer.
   *
   * Resolves when the work is submitted, not when it is done: later work of the same queue sees the
   * pixels. The blobs are not needed any more then. A blob that cannot be decoded has no picture and
   * an error in {@linkcode GpuImages.errors}; its neighbours are not touched.
   *
   * @param blobs The files.
   * @param options Ids for errors, and a signal.
   * @returns The pictures, by the places of their blobs.
   * @throws {LimitsError} If the pictures do not fit one buffer; {@linkcode JpegDecoder.decodeParts}
   * splits them.
   * @throws {DisposedError} If the decoder has been disposed.
   * @throws The signal's reason, if it is aborted.
   */
  async decode(blobs: BlobList, options: DecodeOptions = {}): Promise<GpuImages> {
    const kernels = await this.#kernels(options.signal);
    const limit = this.#device.limits.maxBufferSize;
    const part = this.#prepare(blobs, 0, limit, options);
    if (part.end < blobs.length) {
      throw new LimitsError(
        `Cannot decode ${blobs.length} blobs at once as their pixels must fit one buffer of ${limit} bytes: received more from blob ${part.end} on; use decodeParts, or fewer blobs`,
      );
    }
    return this.#submit(part, kernels, options);
  }

  /**
   * Decodes blobs into as many buffers as they need.
   *
   * @param blobs The files; needed until the last part.
   * @param options Ids for errors, a signal, and how large a part may be.
   * @returns Parts of consecutive blobs, in order. A picture that is larger than `maxBytes` alone
   * comes as a `LimitsError` in {@linkcode GpuImages.errors}.
   * @throws {UsageError} If `maxBytes` is not positive.
   * @throws {DisposedError} If the decoder has been disposed.
   * @throws The signal's reason, if it is aborted.
   */
  async *decodeParts(
    blobs: BlobList,
    options: DecodePartsOptions = {},
  ): AsyncGenerator<DecodedPart> {
    const { maxBytes = Infinity, signal } = options;
    if (!(maxBytes > 0)) {
      throw new UsageError(`Cannot decode as maxBytes must be above 0: received ${maxBytes}`, {
        option: "maxBytes",
      });
    }
    const limit = Math.min(maxBytes, this.#device.limits.maxBufferSize);
    for (let first = 0; first < blobs.length;) {
      const kernels = await this.#kernels(signal);
      const part = this.#prepare(blobs, first, limit, options);
      first = part.end;
      yield { first: part.first, images: this.#submit(part, kernels, options) };
    }
  }

  /**
   * Compiles the kernels and runs each once, so that the first decode does not pay for it.
   *
   * @returns When the GPU is done with it.
   * @throws {DisposedError} If the decoder has been disposed.
   */
  async warmUp(): Promise<void> {
    await this.#kernels();
    using images = await this.decode([warmUpJpeg()]);
    await images.verify();
  }

  /** Gives the memory back; pictures that are out stay usable. */
  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    if (this.#ownsPool) this.#pool[Symbol.dispose]();
  }

  async #kernels(signal?: AbortSignal): Promise<JpegKernels> {
    signal?.throwIfAborted();
    if (this.#disposed) {
      throw new DisposedError("Cannot decode as the decoder must not have been disposed");
    }
    const kernels = await loadKernels(this.#device, this.#tuning);
    signal?.throwIfAborted();
    return kernels;
  }

  /** Lexes and parses blobs from `first` on, as many as fit `limit` bytes. */
  #prepare(blobs: BlobList, first: number, limit: number, options: DecodeOptions): Part {
    const part: Part = {
      first,
      end: first,
      bytes: 0,
      images: [],
      errors: [],
      warnings: [],
      decodables: [],
    };
    this.#lexer.reset();
    for (; part.end < blobs.length; part.end++) {
      const blob = "blob" in blobs ? blobs.blob(part.end) : blobs[part.end];
      try {
        const lexed = this.#lexer.push(blob);
        const frame = parseJpeg(this.#lexer, lexed, blob, {
          maxPixels: this.#maxPixels,
          tables: this.#tables,
        });
        const target = this.#place(frame, part.bytes, limit);
        const end = target.byteOffset + target.rowPitch * target.height;
        if (end > limit) {
          this.#lexer.pop();
          break;
        }
        part.bytes = end;
        part.decodables.push({
          index: part.images.length,
          frame,
          target,
          orientation: this.#applyOrientation ? frame.orientation : 1,
        });
        part.images.push(target);
        part.errors.push(undefined);
        part.warnings.push(frame.warnings);
        for (const warning of frame.warnings) {
          this.#onWarning?.(`${subject(part.end, options.ids)}: ${warning}`);
        }
      } catch (error) {
        if (!(error instanceof JpegFault)) throw error;
        this.#lexer.pop();
        part.images.push(null);
        part.errors.push(typedError(error, part.end, options.ids));
        part.warnings.push([]);
      }
    }
    return part;
  }

  #place(frame: JpegFrame, bytes: number, limit: number): GpuImage {
    const turned = this.#applyOrientation && frame.orientation >= 5;
    const width = turned ? frame.height : frame.width;
    const height = turned ? frame.width : frame.height;
    const rowPitch = align(width * PIXEL_BYTES, ROW_ALIGNMENT);
    const binding = this.#device.limits.maxStorageBufferBindingSize;
    const { coefficients, samples } = footprint(frame);
    const largest = Math.max(coefficients, samples, rowPitch * height);
    if (largest > binding) {
      throw new JpegFault(
        "limits",
        `its ${width}×${height} pixels must take at most ${binding} bytes, the device's maxStorageBufferBindingSize: received ${largest}`,
      );
    }
    if (rowPitch * height > limit) {
      throw new JpegFault(
        "limits",
        `its ${width}×${height} pixels must take at most ${limit} bytes: received ${
          rowPitch * height
        }`,
      );
    }
    return {
      byteOffset: align(bytes, IMAGE_ALIGNMENT),
      width,
      height,
      rowPitch,
      channels: frame.components.length === 1 ? 1 : 3,
    };
  }

  #submit(part: Part, kernels: JpegKernels, options: DecodeOptions): GpuImages {
    const device = this.#device;
    const pool = this.#pool;
    const count = part.images.length;
    const { COPY_DST, COPY_SRC, MAP_READ, STORAGE, UNIFORM } = GPUBufferUsage;
    const pixels = pool.acquire(
      Math.max(part.bytes, PIXEL_BYTES),
      STORAGE | COPY_SRC | COPY_DST,
      "jpeg pixels",
    );
    const staging = pool.acquire(count * STATUS_WORDS * 4, COPY_DST | MAP_READ, "jpeg status");
    const read = this.#read;
    const written = this.#written;
    read.reset();
    written.reset();
    const status = written.region(count * STATUS_WORDS);
    const groups = this.#groups(part);
    clearStatus(written.data, count);
    const scratch: GPUBuffer[] = [];
    const lend = (size: number, usage: GPUBufferUsageFlags, label: string) => {
      const buffer = pool.acquire(size, usage, label);
      scratch.push(buffer);
      return buffer;
    };
    const most = (size: (group: Group) => number) => Math.max(4, ...groups.map(size));
    const buffers = {
      pixels,
      bits: lend(this.#lexer.byteCount + 4, STORAGE | COPY_DST, "jpeg bits"),
      read: lend(
        read.length * 4 + QUANT_BINDING_BYTES,
        STORAGE | UNIFORM | COPY_DST,
        "jpeg records",
      ),
      written: lend(written.length * 4, STORAGE | COPY_DST | COPY_SRC, "jpeg state"),
      coefficients: lend(
        most((group) => group.coefficientBytes),
        STORAGE | COPY_DST,
        "jpeg coefficients",
      ),
      samples: lend(most((group) => group.sampleBytes), STORAGE, "jpeg samples"),
    };
    const { queue } = device;
    queue.writeBuffer(buffers.bits, 0, this.#lexer.bytes, 0, this.#lexer.byteCount);
    queue.writeBuffer(buffers.read, 0, read.data, 0, read.length);
    queue.writeBuffer(buffers.written, 0, written.data, 0, written.length);
    const encoder = device.createCommandEncoder({ label: "jpeg decode" });
    for (const group of groups) recordGroup(encoder, kernels, group, buffers, status);
    encoder.copyBufferToBuffer(buffers.written, 0, staging, 0, count * STATUS_WORDS * 4);
    queue.submit([encoder.finish()]);
    for (const buffer of scratch) pool.release(buffer);
    return this.#images(part, pixels, staging, options.ids);
  }

  /** Splits the pictures so that each group's buffers fit a binding. */
  #groups(part: Part): Group[] {
    const binding = this.#device.limits.maxStorageBufferBindingSize;
    const most = Math.min(binding, SCRATCH_BYTES);
    const groups: Group[] = [];
    let members: Decodable[] = [];
    let coefficients = 0;
    const flush = () => {
      if (members.length === 0) return;
      groups.push(planGroup(members, this.#lexer, this.#read, this.#written, this.#tuning));
      members = [];
      coefficients = 0;
    };
    for (const decodable of part.decodables) {
      const size = footprint(decodable.frame).coefficients;
      const { byteOffset, rowPitch, height } = decodable.target;
      const begin = members[0]?.target.byteOffset ?? byteOffset;
      if (coefficients + size > most || byteOffset + rowPitch * height - begin > binding) flush();
      members.push(decodable);
      coefficients += size;
    }
    flush();
    return groups;
  }

  #images(part: Part, pixels: GPUBuffer, staging: GPUBuffer, ids?: IdList): GpuImages {
    const pool = this.#pool;
    const unverified = this.#unverified;
    const { first, errors } = part;
    const token = {};
    const verify = async () => {
      unverified.unregister(token);
      await staging.mapAsync(GPUMapMode.READ);
      const words = new Uint32Array(staging.getMappedRange().slice(0));
      staging.unmap();
      pool.release(staging);
      return errors.map((error, i) => {
        const place = first + i;
        return error ?? statusError(words, i, subject(place, ids), ids?.at(place));
      });
    };
    const images = new GpuImages(
      this.#device,
      pixels,
      part.images,
      (buffer) => pool.release(buffer),
      { errors, warnings: part.warnings, verify },
    );
    unverified.register(images, staging, token);
    return images;
  }
}

function subject(place: number, ids?: IdList): string {
  return ids ? `sample ${ids.at(place)}` : `sample ${place}`;
}

function typedError(fault: JpegFault, place: number, ids?: IdList): CassetteError {
  const message = `Cannot decode ${subject(place, ids)} as ${fault.message}`;
  const details = { sampleId: ids?.at(place) };
  switch (fault.kind) {
    case "corrupt":
      return new CorruptJpegError(message, details);
    case "unsupported":
      return new UnsupportedJpegError(message, details);
    case "format":
      return new UnsupportedFormatError(message, details);
    case "limits":
      return new LimitsError(message, details);
  }
}

function align(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}

/** A grey picture of 8×8 pixels: one DC coefficient of 0, with the standard tables. */
function warmUpJpeg(): Uint8Array<ArrayBuffer> {
  const quant = "01".repeat(64);
  return Uint8Array.fromHex(
    `ffd8ffdb004300${quant}ffc0000b080008000801011100ffda0008010100003f002bffd9`,
  );
}
