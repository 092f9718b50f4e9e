/**
 * Runs the decoder and every operator on another implementation of WebGPU: Dawn, whose Tint compiles
 * the kernels. Its null device computes nothing, so that what comes out is not looked at, but Dawn
 * refuses what the standard refuses: in WGSL, in pipelines, in bindings and in commands.
 *
 * Arguments: the module that brings Dawn, and the file to write a {@linkcode Verdict} into as JSON.
 */
import {
  Augmenter,
  type AugmenterOptions,
  type AugmentOutput,
  crop,
  type Interpolation,
  MaskTensor,
  type Operator,
  resize,
} from "../../src/augment/mod.ts";
import { requestDevice } from "../../src/gpu/device.ts";
import { GpuTensor, tensorBytes, type TensorDescriptor } from "../../src/gpu/tensor.ts";
import { JpegDecoder } from "../../src/jpeg/decoder.ts";
import { warmUpFiles } from "../../src/jpeg/warm_up.ts";
import { SHADERS } from "../../src/shaders.ts";
import { EVERY } from "../augment/every_operator.ts";
import { keysFor, testPicture, upload } from "../augment/run.ts";
import { assemble, oriented, pieces } from "../jpeg/handmade.ts";
import { cjpeg, draw, limitBinding } from "../jpeg/support.ts";

/** What Dawn had to say. */
export interface Verdict {
  /** Modules that were compiled. */
  modules: number;
  /** Files of `shaders/` that no module has. */
  unused: string[];
  /** What was refused. */
  errors: string[];
  /** Whether it refuses a barrier that not all invocations reach. */
  strict: boolean;
}

const BARRIER_FOR_SOME = `@compute @workgroup_size(4)
fn main(@builtin(local_invocation_index) i: u32) {
  if (i == 2u) { return; }
  workgroupBarrier();
}`;

/** So small that drawings need several strips. */
const SMALL_BINDING = 120_000;
/** An orientation whose rows become columns. */
const TURNED = 6;
const LLVMPIPE = "llvmpipe";
const FILTERS: readonly Interpolation[] = ["nearest", "linear", "cubic", "lanczos3", "gaussian"];
const OUTPUTS = (["NCHW", "NHWC"] as const).flatMap((layout) =>
  (["f32", "f16", "u8"] as const).map((dtype) => ({ layout, dtype }))
);
/** So few that pictures are resampled axis by axis. */
const FEW_STEPS = 100;
/** Sides of tensors: of the second, rows begin within words, and vectors cannot be stored. */
const SIDES = [32, 33];

/** The sizes of what is augmented. */
const PICTURES = [[60, 45], [2000, 40]] as const;

/** Every operator, with every filter if it resamples. */
function variants(): Operator[] {
  return EVERY.flatMap((operator) => {
    if (!("minFilter" in operator.parameters)) return [operator];
    return FILTERS.map((filter) => {
      const parameters = { ...operator.parameters, minFilter: filter, magFilter: filter };
      return { ...operator, parameters };
    });
  });
}

/** Lists that end in images of one side: each operator first, each last, and all in a row. */
function chains(device: GPUDevice, side: number): Operator[][] {
  const size = { width: side, height: side };
  const all = variants();
  const lists = all.flatMap((operator) => [
    [operator, resize(size)],
    [crop(side), operator],
  ]);
  const fits = (list: Operator[]): boolean => {
    try {
      using augmenter = new Augmenter(device, list);
      const images = PICTURES.map(([width, height]) => ({ width, height }));
      const shape = augmenter.shape(images, keysFor(images.length));
      return shape?.width === side && shape.height === side;
    } catch {
      return false;
    }
  };
  const fitting = lists.filter(fits);
  const left = all.filter((operator) => !fitting.some((list) => list.includes(operator)));
  for (const { name } of left) errors.push(`no list has ${name}`);
  const row: Operator[] = [crop(side)];
  for (const operator of EVERY) if (fits([...row, operator])) row.push(operator);
  return [...fitting, row];
}

/** Makes Dawn the WebGPU of this process. */
async function becomeDawn(specifier: string): Promise<GPU> {
  const { create, globals } = await import(specifier);
  for (const [name, value] of Object.entries(globals)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  const gpu: GPU = create(["backend=null"]);
  Object.defineProperty(navigator, "gpu", { value: gpu, configurable: true });
  return gpu;
}

/** Makes its adapter say that it computes on the CPU, as kernels are tuned by that. */
function pretendCpu(gpu: GPU): void {
  const request = gpu.requestAdapter.bind(gpu);
  gpu.requestAdapter = async (options) => {
    const adapter = await request(options);
    Object.defineProperty(adapter, "info", { value: { description: LLVMPIPE } });
    return adapter;
  };
}

const codes = new Set<string>();
const errors: string[] = [];

/** A device that notes what it compiles and what it refuses. */
async function notingDevice(): Promise<GPUDevice> {
  const device = await requestDevice();
  device.addEventListener("uncapturederror", (event) => {
    errors.push((event as GPUUncapturedErrorEvent).error.message);
  });
  const create = device.createShaderModule.bind(device);
  device.createShaderModule = (descriptor) => {
    codes.add(descriptor.code);
    return create(descriptor);
  };
  return device;
}

async function attempt(what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    errors.push(`${what}: ${error instanceof Error ? error.message : error}`);
  }
}

async function decodeAll(device: GPUDevice): Promise<void> {
  const files = [...warmUpFiles(), ...await drawings(70, 50)];
  files.push(...warmUpFiles().map((file) => oriented(file, TURNED)));
  for (const entropy of ["segment", "sync"] as const) {
    using decoder = new JpegDecoder(device, { entropy });
    using images = await decoder.decode(files);
    await images.verify();
    for (const error of images.errors) if (error) throw error;
  }
}

/** Decodes what needs strips; the device cannot be used otherwise any more. */
async function decodeStrips(device: GPUDevice): Promise<void> {
  limitBinding(device, SMALL_BINDING);
  using decoder = new JpegDecoder(device);
  using images = await decoder.decode(await drawings(311, 257));
  await images.verify();
  for (const error of images.errors) if (error) throw error;
}

/** A picture as a baseline file, a progressive one, and one without its refining scans. */
async function drawings(width: number, height: number): Promise<Uint8Array<ArrayBuffer>[]> {
  const picture = draw(width, height);
  const progressive = await cjpeg(picture, "-progressive");
  return [await cjpeg(picture), progressive, assemble(pieces(progressive).slice(0, -4))];
}

async function augment(
  device: GPUDevice,
  operators: Operator[],
  output: Required<AugmentOutput>,
  options: AugmenterOptions,
  side: number,
): Promise<void> {
  using augmenter = new Augmenter(device, operators, output, options);
  await augmenter.warmUp();
  using images = upload(device, [
    ...PICTURES.map(([width, height]) => testPicture(width, height)),
    null,
  ]);
  const { layout, dtype } = output;
  const shape: TensorDescriptor["shape"] = layout === "NCHW"
    ? [3, 3, side, side]
    : [3, side, side, 3];
  const descriptor = { shape, layout, dtype };
  const buffer = device.createBuffer({
    size: Math.ceil(tensorBytes(descriptor) / 4) * 4,
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC,
  });
  await augmenter.apply(images, keysFor(3), new GpuTensor(device, buffer, descriptor));
  for (const type of ["u8", "i32"] as const) {
    const masks = device.createBuffer({
      size: Math.ceil(3 * side * side / 4) * 4 * (type === "u8" ? 1 : 4),
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
    const target = new MaskTensor(device, masks, { shape: [3, side, side], dtype: type });
    await augmenter.applyMasks(images, keysFor(3), target);
    masks.destroy();
  }
  buffer.destroy();
}

async function augmentAll(device: GPUDevice): Promise<void> {
  for (const side of SIDES) {
    for (const [i, list] of chains(device, side).entries()) {
      for (const [k, options] of [{}, { fuse: false }, { maxSteps: FEW_STEPS }].entries()) {
        // Two of them each, so that a list has all once it has had all options.
        for (const output of [OUTPUTS[(i + k) % 6], OUTPUTS[(i + k + 3) % 6]]) {
          const what = `${JSON.stringify({ ...output, side, ...options })}, list ${i} of ${
            list.map(({ name }) => name).join(" + ")
          }`;
          await attempt(what, () => augment(device, list, output, options, side));
        }
      }
    }
  }
}

async function isStrict(device: GPUDevice): Promise<boolean> {
  device.pushErrorScope("validation");
  device.createShaderModule({ code: BARRIER_FOR_SOME });
  return await device.popErrorScope() !== null;
}

const gpu = await becomeDawn(Deno.args[0]);
const device = await notingDevice();
const strict = await isStrict(device);
codes.clear();
await attempt("decode", () => decodeAll(device));
await augmentAll(device);
device.destroy();
pretendCpu(gpu);
const cpu = await notingDevice();
await attempt("decode as on a CPU", () => decodeAll(cpu));
await attempt("decode in strips", () => decodeStrips(cpu));
cpu.destroy();
const all = [...codes];
const unused = Object.entries(SHADERS).filter(([, text]) =>
  !all.some((code) => code.includes(text))
)
  .map(([name]) => name);
const verdict: Verdict = { modules: codes.size, unused, errors: [...new Set(errors)], strict };
await Deno.writeTextFile(Deno.args[1], JSON.stringify(verdict));
// Dawn's threads would keep the process.
Deno.exit(0);
