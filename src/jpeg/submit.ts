import { type CassetteError, LimitsError } from "../errors.ts";
import { blame, blamed, isRefusal } from "../gpu/blame.ts";
import { GpuImages } from "../gpu/images.ts";
import { lossOr } from "../gpu/lost.ts";
import { mapped } from "../gpu/mapped.ts";
import { CommandSteps } from "../gpu/steps.ts";
import type { BufferPool } from "../gpu/pool.ts";
import { faultError, inScopes } from "../gpu/scope.ts";
import type { IdList } from "../ids.ts";
import type { JpegScan } from "./frame.ts";
import { planGroups, scratchBytes } from "./groups.ts";
import { type JpegKernels, recordGatheredStrips, recordGroup, recordStrips } from "./kernels.ts";
import { type Decodable, STATUS_WORDS, type Tuning } from "./stage.ts";
import { type Part, subject } from "./prepare.ts";
import { clearStatus, readStatus } from "./status.ts";
import { UNIFORM_BYTES, Words } from "./words.ts";

/** Pictures whose decoding the device has taken. */
interface Decoded {
  /** Where their status comes to lie, among that of all pictures of the part. */
  readonly staging: GPUBuffer;
  readonly members: readonly Decodable[];
}

/** A part, and what decodes it. */
export interface PartWork {
  /** The part. */
  readonly part: Part;
  /** The compiled kernels. */
  readonly kernels: JpegKernels;
  /** Scans that go by self-synchronisation. */
  readonly sync: ReadonlySet<JpegScan>;
  /** Most bytes of a storage binding. */
  readonly binding: number;
}

/** What all attempts to decode a part have in common. */
interface Attempt extends PartWork {
  readonly goOn: () => void;
  readonly pixels: GPUBuffer;
  /** Receives what the device has taken. */
  readonly decoded: Decoded[];
}

/** The GPU's share of decoding: uploads a part and submits the commands that decode it. */
export class Submitter {
  readonly #device: GPUDevice;
  readonly #pool: BufferPool;
  readonly #tuning: Tuning;
  readonly #onWarning?: (message: string) => void;
  readonly #read = new Words();
  readonly #written = new Words();
  readonly #unverified: FinalizationRegistry<readonly Decoded[]>;

  /**
   * @param device The device.
   * @param pool Lends the buffers.
   * @param tuning Sizes of workgroups.
   * @param onWarning Told of what the GPU finds odd about a picture.
   */
  constructor(
    device: GPUDevice,
    pool: BufferPool,
    tuning: Tuning,
    onWarning?: (message: string) => void,
  ) {
    this.#device = device;
    this.#pool = pool;
    this.#tuning = tuning;
    this.#onWarning = onWarning;
    this.#unverified = new FinalizationRegistry((decoded) => {
      for (const { staging } of decoded) pool.release(staging);
    });
  }

  /**
   * Submits the decoding of a part. Where the device does not take it, the pictures that are to blame
   * become errors, and the others are decoded without them.
   *
   * @param work The part, and what decodes it; pictures that cannot be decoded are taken out.
   * @param goOn Asked before each attempt, and between two steps of a decode that takes long; throws to
   * end it.
   * @param ids Ids of the samples, for errors.
   * @returns Its pictures, once the last step is submitted.
   * @throws {DeviceLostError} If the device is lost between two steps.
   */
  async submit(
    work: PartWork,
    goOn: () => void,
    ids?: IdList,
  ): Promise<GpuImages> {
    const { part } = work;
    const pool = this.#pool;
    const { COPY_DST, COPY_SRC, STORAGE } = GPUBufferUsage;
    const usage = STORAGE | COPY_SRC | COPY_DST;
    const decoded: Decoded[] = [];
    let pixels: GPUBuffer | undefined;
    try {
      let faults: Map<Decodable, CassetteError>;
      try {
        const own = pixels = await pool.lend(part.bytes, usage, "jpeg pixels");
        faults = await blame(part.decodables, (members) => {
          goOn();
          return this.#attempt({ ...work, goOn, pixels: own, decoded }, members);
        });
      } catch (error) {
        if (!isRefusal(error)) throw error;
        faults = new Map(part.decodables.map((decodable) => [decodable, error]));
      }
      for (const [{ index }, error] of faults) {
        part.images[index] = null;
        const place = part.first + index;
        part.errors[index] = blamed(error, `decode ${subject(place, ids)}`, ids?.at(place));
      }
      pixels ??= pool.acquire(0, usage, "no jpeg pixels");
      return this.#images(part, pixels, decoded, ids);
    } catch (error) {
      for (const { staging } of decoded) pool.release(staging);
      if (pixels) pool.release(pixels);
      throw error;
    }
  }

  /** Decodes some pictures of a part; if there is no memory for it, once more without idle buffers. */
  async #attempt(
    work: Attempt,
    members: readonly Decodable[],
  ): Promise<CassetteError | undefined> {
    for (let last = false;; last = true) {
      const failure = await this.#submit(work, members);
      if (!failure || last || !(failure instanceof LimitsError)) return failure;
      await this.#pool.trim();
    }
  }

  async #submit(
    { part, kernels, sync, binding, goOn, pixels, decoded }: Attempt,
    members: readonly Decodable[],
  ): Promise<CassetteError | undefined> {
    const { COPY_DST, COPY_SRC, MAP_READ, STORAGE, UNIFORM } = GPUBufferUsage;
    const pool = this.#pool;
    const device = this.#device;
    const read = this.#read;
    const written = this.#written;
    const lent: GPUBuffer[] = [];
    const lend = (bytes: number, usage: GPUBufferUsageFlags, label: string) => {
      const buffer = pool.acquire(bytes, usage, label);
      lent.push(buffer);
      return buffer;
    };
    try {
      read.reset();
      written.reset();
      const statusBytes = part.images.length * STATUS_WORDS * 4;
      const status = written.region(statusBytes / 4);
      const { lexed, coded } = part;
      const groups = planGroups(members, sync, device.limits.maxBufferSize, {
        lexed,
        uploaded: coded.begin,
        read,
        written,
        tuning: this.#tuning,
        binding,
      });
      clearStatus(written.data, part.images.length);
      const sizes = scratchBytes(groups);
      const staging = lend(statusBytes, COPY_DST | MAP_READ, "jpeg status");
      const scratch = {
        bits: lend(coded.end - coded.begin + 4, STORAGE | COPY_DST, "jpeg bits"),
        read: lend(
          read.length * 4 + UNIFORM_BYTES,
          STORAGE | UNIFORM | COPY_DST,
          "jpeg records",
        ),
        written: lend(written.length * 4, STORAGE | COPY_DST | COPY_SRC, "jpeg state"),
        coefficients: lend(
          sizes.coefficients,
          STORAGE | COPY_DST | COPY_SRC,
          "jpeg coefficients",
        ),
        gathered: lend(sizes.gathered, STORAGE | COPY_SRC | COPY_DST, "jpeg masks"),
        samples: lend(sizes.samples, STORAGE, "jpeg samples"),
        sync: lend(sizes.sync, STORAGE | COPY_DST, "jpeg subsequences"),
      };
      const { value: steps, fault } = inScopes(device, () => {
        const { queue } = device;
        queue.writeBuffer(scratch.bits, 0, lexed.bytes, coded.begin, coded.end - coded.begin);
        queue.writeBuffer(scratch.read, 0, read.data, 0, read.length);
        queue.writeBuffer(scratch.written, 0, written.data, 0, written.length);
        const steps = new CommandSteps(device, this.#tuning.step, "jpeg decode");
        const buffers = { pixels, ...scratch };
        for (const group of groups) {
          if ("strips" in group) recordStrips(steps, kernels, group, buffers, status);
          else if ("windows" in group) recordGatheredStrips(steps, kernels, group, buffers, status);
          else recordGroup(steps, kernels, group, buffers, status);
        }
        steps.encoder.copyBufferToBuffer(scratch.written, 0, staging, 0, statusBytes);
        steps.begin();
        return steps;
      });
      const lack = await pool.failure([pixels, ...lent]);
      const found = await fault ?? (lack ? undefined : await steps.goOn(goOn));
      const failure = lack ?? (found && faultError(found, "decode"));
      if (failure) return failure;
      decoded.push({ staging, members });
      // It is given back once it has been read.
      lent.splice(lent.indexOf(staging), 1);
    } catch (error) {
      if (isRefusal(error)) return error;
      if (!(error instanceof RangeError)) throw error;
      return new LimitsError(
        `Cannot decode as its records must fit the arrays of JavaScript: received "${error.message}"`,
        { cause: error },
      );
    } finally {
      for (const buffer of lent) pool.release(buffer);
    }
  }

  #images(
    part: Part,
    pixels: GPUBuffer,
    decoded: readonly Decoded[],
    ids?: IdList,
  ): GpuImages {
    const pool = this.#pool;
    const device = this.#device;
    const unverified = this.#unverified;
    const token = {};
    const { first, errors } = part;
    const warnings = part.warnings.map((list) => [...list]);
    const verify = async () => {
      unverified.unregister(token);
      const found = [...errors];
      // Whoever waits for pictures waits for the GPU, even if none of them is a JPEG file.
      if (decoded.length === 0) {
        await device.queue.onSubmittedWorkDone().catch(async (error) => {
          throw await lossOr(device, error);
        });
      }
      await Promise.all(decoded.map(async ({ staging, members }) => {
        const words = await mapped(device, staging, "read the status of a decode")
          .then((bytes) => new Uint32Array(bytes))
          .finally(() => pool.release(staging));
        for (const { index, section } of members) {
          const name = subject(first + index, ids);
          const cut = section !== undefined;
          const status = readStatus(words, index, name, cut, ids?.at(first + index));
          for (const each of status.warnings) warnings[index].push(each);
          for (const warning of status.warnings) this.#onWarning?.(`${name}: ${warning}`);
          found[index] = status.error;
        }
      }));
      return found;
    };
    const images = new GpuImages(
      device,
      pixels,
      part.images,
      (buffer) => pool.release(buffer),
      { errors, warnings, verify },
    );
    // Whoever never asks for the status gives the staging buffers back when the pictures are collected.
    unverified.register(images, decoded, token);
    return images;
  }
}
