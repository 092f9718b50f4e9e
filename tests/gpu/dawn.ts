/**
 * Runs the decoder and every operator on another implementation of WebGPU: Dawn, whose Tint compiles
 * the kernels. Its null device computes nothing, so that what comes out is not looked at, but Dawn
 * refuses what the standard refuses: in WGSL, in pipelines, in bindings and in commands.
 *
 * Arguments: the module that brings Dawn, and the file to write a {@linkcode Verdict} into as JSON.
 */
import {
  affine,
  Augmenter,
  type AugmenterOptions,
  type AugmentOutput,
  autoContrast,
  colorTwist,
  contrast,
  crop,
  cutmix,
  equalize,
  erase,
  gaussianBlur,
  gaussianNoise,
  IMAGENET,
  type Interpolation,
  MaskTensor,
  mixup,
  normalize,
  type Operator,
  pad,
  posterize,
  randomFlip,
  randomResizedCrop,
  resize,
  rotate,
  sharpness,
  solarize,
  wgslOp,
} from "../../src/augment/mod.ts";
import { requestDevice } from "../../src/gpu/device.ts";
import { GpuTensor, tensorBytes, type TensorDescriptor } from "../../src/gpu/tensor.ts";
import { JpegDecoder } from "../../src/jpeg/decoder.ts";
import { warmUpFiles } from "../../src/jpeg/warm_up.ts";
import { SHADERS } from "../../src/shaders.ts";
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
const FILTERS: readonly Interpolation[] = ["nearest", "linear", "cubic", "lanczos3"];
const OUTPUTS = (["NCHW", "NHWC"] as const).flatMap((layout) =>
  (["f32", "f16", "u8"] as const).map((dtype) => ({ layout, dtype }))
);
/** So few that pictures are resampled axis by axis. */
const FEW_STEPS = 100;
/** Sides of tensors: of the second, rows begin within words, and vectors cannot be stored. */
const SIDES = [32, 33];

/** Lists of operators that together need every kernel. */
const CHAINS: readonly ((side: number) => Operator[])[] = [
  (side) => [resize({ width: side, height: side })],
  (side) => [crop(side)],
  ...FILTERS.map((filter) => (side: number) => [
    randomResizedCrop(side, { minFilter: filter, magFilter: filter }),
    randomFlip(),
    normalize(IMAGENET),
  ]),
  ...FILTERS.filter((filter) => filter !== "lanczos3").map((filter) => (side: number) => [
    rotate([-20, 20], { size: side, interpolation: filter }),
    affine({ shear: 0.1, size: side, interpolation: filter }),
  ]),
  (side) => [gaussianBlur({ sigma: 1.2 }), sharpness(1.5), crop(side)],
  (side) => [crop(side), gaussianBlur({ sigma: 1.2 })],
  (side) => [crop(side), sharpness(1.5)],
  (side) => [crop(side), colorTwist({ hue: 10 }), posterize(3), solarize(100), gaussianNoise(4)],
  (side) => [equalize(), autoContrast(), contrast(1.3, { contrastCenter: "mean" }), crop(side)],
  (side) => [crop(side), equalize(), gaussianNoise(4)],
  (
    side,
  ) => [pad({ width: 300, height: 300 }), erase({ x: 3, y: 4, width: 7, height: 5 }), crop(side)],
  (side) => [crop(side), mixup(), cutmix()],
  (side) => [
    crop(side),
    wgslOp({
      code: "fn operate(c: vec3<f32>, at: vec2<i32>, p: Params) -> vec3<f32> { return c * p.a; }",
      params: { a: [0, 1] },
    }),
  ],
];

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
  using images = upload(device, [testPicture(60, 45), testPicture(2000, 40), null]);
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
  for (const [i, chain] of CHAINS.entries()) {
    for (const output of OUTPUTS) {
      for (const side of SIDES) {
        for (const options of [{}, { fuse: false }, { maxSteps: FEW_STEPS }]) {
          const what = `chain ${i}, ${JSON.stringify({ ...output, side, ...options })}`;
          await attempt(what, () => augment(device, chain(side), output, options, side));
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
