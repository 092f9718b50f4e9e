import { type GpuImage, GpuImages } from "../gpu/images.ts";
import { lossOr } from "../gpu/lost.ts";
import { CommandSteps } from "../gpu/steps.ts";
import type { BufferPool } from "../gpu/pool.ts";
import type { IdList } from "../ids.ts";
import { MOST_QUANTS, MOST_RECORDS } from "./component_records.ts";
import type { JpegScan } from "./frame.ts";
import type { HuffmanTable } from "./huffman.ts";
import { type GatheredStripGroup, planGatheredStrips } from "./gathered_strips.ts";
import { type JpegKernels, recordGatheredStrips, recordGroup, recordStrips } from "./kernels.ts";
import { type LexedBlobs, SEGMENT_WORDS } from "./lex.ts";
import { exceeds, footprint, type Group, planGroup } from "./plan.ts";
import { type Decodable, type Decoding, STATUS_WORDS, type Tuning } from "./stage.ts";
import { type Part, subject } from "./prepare.ts";
import { cacheShares } from "./shares.ts";
import { hasOneScan, planStrips, type StripGroup } from "./strips.ts";
import { clearStatus, readStatus } from "./status.ts";
import { UNIFORM_BYTES, Words } from "./words.ts";

/** Most bytes of coefficients that are in flight at once, if one picture does not need more. */
const SCRATCH_BYTES = 2 ** 28;

/** Pictures that are decoded together, or one that is decoded strip by strip. */
type AnyGroup = Group | StripGroup | GatheredStripGroup;

/** The GPU's share of decoding: uploads a part and submits the commands that decode it. */
export class Submitter {
  readonly #device: GPUDevice;
  readonly #pool: BufferPool;
  readonly #tuning: Tuning;
  readonly #onWarning?: (message: string) => void;
  readonly #read = new Words();
  readonly #written = new Words();
  readonly #unverified: FinalizationRegistry<GPUBuffer>;

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
    this.#unverified = new FinalizationRegistry((staging) => pool.release(staging));
  }

  /**
   * Submits the decoding of a part.
   *
   * @param part The part.
   * @param kernels The compiled kernels.
   * @param sync Scans that go by self-synchronisation.
   * @param goOn Asked between two steps of a decode that takes long; throws to end it.
   * @param ids Ids of the samples, for errors.
   * @returns Its pictures, once the last step is submitted.
   * @throws {DeviceLostError} If the device is lost between two steps.
   */
  async submit(
    part: Part,
    kernels: JpegKernels,
    sync: ReadonlySet<JpegScan>,
    goOn: () => void,
    ids?: IdList,
  ): Promise<GpuImages> {
    const { COPY_DST, COPY_SRC, MAP_READ, STORAGE, UNIFORM } = GPUBufferUsage;
    const pool = this.#pool;
    const read = this.#read;
    const written = this.#written;
    read.reset();
    written.reset();
    const statusBytes = part.images.length * STATUS_WORDS * 4;
    const status = written.region(statusBytes / 4);
    const groups = this.#groups(part, sync);
    const { lexed, coded } = part;
    clearStatus(written.data, part.images.length);
    const most = (size: (group: AnyGroup) => number) => Math.max(16, ...groups.map(size));
    const pixels = pool.acquire(part.bytes, STORAGE | COPY_SRC | COPY_DST, "jpeg pixels");
    const staging = pool.acquire(statusBytes, COPY_DST | MAP_READ, "jpeg status");
    const scratch = {
      bits: pool.acquire(coded.end - coded.begin + 4, STORAGE | COPY_DST, "jpeg bits"),
      read: pool.acquire(
        read.length * 4 + UNIFORM_BYTES,
        STORAGE | UNIFORM | COPY_DST,
        "jpeg records",
      ),
      written: pool.acquire(written.length * 4, STORAGE | COPY_DST | COPY_SRC, "jpeg state"),
      coefficients: pool.acquire(
        most((group) => coefficientBytes(group)),
        STORAGE | COPY_DST | COPY_SRC,
        "jpeg coefficients",
      ),
      gathered: pool.acquire(
        most((group) => gatheredBytes(group)),
        STORAGE | COPY_SRC | COPY_DST,
        "jpeg masks",
      ),
      samples: pool.acquire(most((group) => sampleBytes(group)), STORAGE, "jpeg samples"),
      sync: pool.acquire(
        most((group) => syncBytes(group)),
        STORAGE | COPY_DST,
        "jpeg subsequences",
      ),
    };
    const { queue } = this.#device;
    queue.writeBuffer(scratch.bits, 0, lexed.bytes, coded.begin, coded.end - coded.begin);
    queue.writeBuffer(scratch.read, 0, read.data, 0, read.length);
    queue.writeBuffer(scratch.written, 0, written.data, 0, written.length);
    const steps = new CommandSteps(this.#device, this.#tuning.step, "jpeg decode");
    for (const group of groups) {
      const buffers = { pixels, ...scratch };
      if ("strips" in group) recordStrips(steps, kernels, group, buffers, status);
      else if ("windows" in group) recordGatheredStrips(steps, kernels, group, buffers, status);
      else recordGroup(steps, kernels, group, buffers, status);
    }
    steps.encoder.copyBufferToBuffer(scratch.written, 0, staging, 0, statusBytes);
    try {
      await steps.submit(goOn);
    } catch (error) {
      pool.release(pixels);
      pool.release(staging);
      throw error;
    } finally {
      for (const buffer of Object.values(scratch)) pool.release(buffer);
    }
    return this.#images(part, pixels, staging, ids);
  }

  /** Splits the pictures so that each group's buffers fit a binding, and those that alone do not. */
  #groups(part: Part, sync: ReadonlySet<JpegScan>): AnyGroup[] {
    const { lexed, coded } = part;
    const binding = this.#device.limits.maxStorageBufferBindingSize;
    const groups: AnyGroup[] = [];
    let members: Decodable[] = [];
    let room = new Room(binding);
    const decoding: Decoding = {
      lexed,
      uploaded: coded.begin,
      read: this.#read,
      written: this.#written,
      tuning: this.#tuning,
      binding,
    };
    const plan = () => {
      if (members.length === 0) return;
      for (const share of cacheShares(members, lexed, this.#tuning)) {
        groups.push(planGroup(share, decoding, sync));
      }
      members = [];
      room = new Room(binding);
    };
    for (const decodable of part.decodables) {
      if (exceeds(decodable, binding)) {
        plan();
        groups.push(
          hasOneScan(decodable.frame)
            ? planStrips(decodable, decoding, sync)
            : planGatheredStrips(decodable, decoding),
        );
        continue;
      }
      if (!room.take(decodable, lexed)) {
        plan();
        room.take(decodable, lexed);
      }
      members.push(decodable);
    }
    plan();
    return groups;
  }

  #images(part: Part, pixels: GPUBuffer, staging: GPUBuffer, ids?: IdList): GpuImages {
    const pool = this.#pool;
    const device = this.#device;
    const unverified = this.#unverified;
    const token = {};
    const { first, errors } = part;
    const warnings = part.warnings.map((list) => [...list]);
    const cut = new Set(part.decodables.flatMap(({ section, index }) => (section ? [index] : [])));
    const verify = async () => {
      unverified.unregister(token);
      let words: Uint32Array;
      try {
        await staging.mapAsync(GPUMapMode.READ);
        words = new Uint32Array(staging.getMappedRange().slice(0));
        staging.unmap();
        pool.check();
      } catch (error) {
        pool.check();
        throw await lossOr(device, error);
      } finally {
        pool.release(staging);
      }
      return errors.map((error, i) => {
        if (error) return error;
        const name = subject(first + i, ids);
        const found = readStatus(words, i, name, cut.has(i), ids?.at(first + i));
        warnings[i].push(...found.warnings);
        for (const warning of found.warnings) this.#onWarning?.(`${name}: ${warning}`);
        return found.error;
      });
    };
    const images = new GpuImages(
      device,
      pixels,
      part.images,
      (buffer) => pool.release(buffer),
      { errors, warnings, verify },
    );
    // Whoever never asks for the status gives the staging buffer back when the pictures are collected.
    unverified.register(images, staging, token);
    return images;
  }
}

/** What is left of the bindings of one group. */
class Room {
  readonly #binding: number;
  readonly #quants = new Set<unknown>();
  readonly #tables = new Set<number>();
  #empty = true;
  #components = 0;
  #coefficients = 0;
  #tableBytes = 0;
  #firstPixel = 0;
  #firstCoded = 0;

  constructor(binding: number) {
    this.#binding = binding;
  }

  /** Makes room for a picture; false if there is none. The first one always fits. */
  take({ frame, target }: Decodable, lexed: LexedBlobs): boolean {
    const last = frame.scans[frame.scans.length - 1];
    const begin = frame.scans[0].firstSegment * SEGMENT_WORDS;
    const end = (last.firstSegment + last.segmentCount - 1) * SEGMENT_WORDS;
    const codedEnd = lexed.segments[end + 1] + lexed.segments[end + 2] + 8;
    if (this.#empty) {
      this.#firstPixel = target.byteOffset;
      this.#firstCoded = lexed.segments[begin + 1];
    }
    this.#coefficients += footprint(frame).coefficients;
    this.#components += frame.components.length;
    for (const component of frame.components) this.#quants.add(component.quant);
    for (const { dc, ac } of frame.scans) {
      for (let i = 0; i < dc.length; i++) this.#takeTable(dc[i]);
      for (let i = 0; i < ac.length; i++) this.#takeTable(ac[i]);
    }
    const fits = this.#empty ||
      this.#coefficients <= Math.min(this.#binding, SCRATCH_BYTES) &&
        this.#tableBytes <= this.#binding &&
        this.#quants.size <= MOST_QUANTS &&
        this.#components <= MOST_RECORDS &&
        codedEnd - this.#firstCoded <= this.#binding &&
        pixelsEnd(target) - this.#firstPixel <= this.#binding;
    this.#empty = false;
    return fits;
  }

  #takeTable(table: HuffmanTable): void {
    if (this.#tables.has(table.key)) return;
    this.#tables.add(table.key);
    this.#tableBytes += table.lookup.length * 4;
  }
}

function pixelsEnd(target: GpuImage): number {
  return target.byteOffset + target.rowPitch * target.height;
}

function coefficientBytes(group: AnyGroup): number {
  return "components" in group ? group.components.coefficientBytes : group.coefficientBytes;
}

function sampleBytes(group: AnyGroup): number {
  if ("components" in group) return group.components.sampleBytes;
  if ("strips" in group) return group.sampleBytes;
  return Math.max(...group.gatheredStrips.map(({ components }) => components.sampleBytes));
}

function gatheredBytes(group: AnyGroup): number {
  if ("components" in group) return group.progressive?.scratchBytes ?? 0;
  if ("strips" in group) return group.keptBytes;
  return Math.max(
    ...group.windows.map(({ masks }) => masks.bytes),
    ...group.gatheredStrips.map(({ smoothing }) => smoothing?.stage.bytes ?? 0),
  );
}

function syncBytes(group: AnyGroup): number {
  if (!("windows" in group)) return group.entropy?.sync?.scratch.size ?? 0;
  return Math.max(
    ...group.gatheredStrips.map((strip) => strip.smoothing ? strip.coefficients.size : 0),
  );
}
