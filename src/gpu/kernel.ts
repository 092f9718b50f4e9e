import { GpuError, LimitsError } from "../errors.ts";
import { lossOr } from "./lost.ts";
import { faultError, inScopes } from "./scope.ts";

/** What a compute kernel is: everything that its pipeline depends on. */
export interface KernelDescriptor {
  /** Name for labels, errors and timings, such as `jpeg/idct`. */
  label: string;
  /** WGSL source. */
  code: string;
  /** Entry point; `main` when left out. */
  entryPoint?: string;
  /** Values for the shader's `override` constants. */
  constants?: Record<string, number>;
}

/** A buffer, or a range of one, bound to a kernel. */
export type Binding = GPUBuffer | GPUBufferBinding;

/** A compiled kernel: a compute pipeline and the way to bind and dispatch it. */
export class Kernel {
  /** Name for labels, errors and timings. */
  readonly label: string;
  readonly #device: GPUDevice;
  readonly #pipeline: GPUComputePipeline;
  readonly #layout: GPUBindGroupLayout;

  /**
   * @param device The device that compiled the pipeline.
   * @param label Name for labels, errors and timings.
   * @param pipeline The compiled pipeline, with automatic layout.
   */
  constructor(device: GPUDevice, label: string, pipeline: GPUComputePipeline) {
    this.label = label;
    this.#device = device;
    this.#pipeline = pipeline;
    this.#layout = pipeline.getBindGroupLayout(0);
  }

  /**
   * Binds buffers to the bindings 0, 1, 2, … of group 0.
   *
   * @param bindings One per `@binding` that the entry point uses, by their numbers.
   * @returns A bind group that can be dispatched any number of times.
   */
  bind(bindings: Binding[] | Record<number, Binding>): GPUBindGroup {
    const entries: GPUBindGroupEntry[] = [];
    const add = (binding: number, buffer: Binding) =>
      entries.push({ binding, resource: "buffer" in buffer ? buffer : { buffer } });
    // Lists are told apart, as the keys of an object would cost each a string.
    if (Array.isArray(bindings)) bindings.forEach((buffer, binding) => add(binding, buffer));
    else for (const binding in bindings) add(Number(binding), bindings[binding]);
    return this.#device.createBindGroup({ label: this.label, layout: this.#layout, entries });
  }

  /**
   * Records one dispatch, or several alike.
   *
   * @param pass The pass to record into.
   * @param group Bound buffers, from {@linkcode Kernel.bind}.
   * @param workgroups Workgroups in x, y and z.
   * @param times How many dispatches.
   */
  dispatch(
    pass: GPUComputePassEncoder,
    group: GPUBindGroup,
    workgroups: readonly [number, number?, number?],
    times = 1,
  ): void {
    pass.setPipeline(this.#pipeline);
    pass.setBindGroup(0, group);
    const [x, y = 1, z = 1] = workgroups;
    for (let i = 0; i < times; i++) pass.dispatchWorkgroups(x, y, z);
  }
}

const compiled = new WeakMap<GPUDevice, Map<string, Promise<Kernel>>>();

/**
 * Compiles a kernel, or takes it from the device's cache.
 *
 * @param device The device to compile for.
 * @param descriptor Source, entry point and constants.
 * @returns The kernel; one per device and descriptor.
 * @throws {GpuError} If the source is not valid WGSL, or the device cannot compile it.
 * @throws {DeviceLostError} If the device is lost.
 */
export function getKernel(device: GPUDevice, descriptor: KernelDescriptor): Promise<Kernel> {
  let kernels = compiled.get(device);
  if (!kernels) compiled.set(device, kernels = new Map());
  const { label, entryPoint = "main", constants = {} } = descriptor;
  const key = JSON.stringify([label, entryPoint, Object.entries(constants).sort()]);
  let kernel = kernels.get(key);
  if (!kernel) {
    kernels.set(key, kernel = compile(device, label, descriptor.code, entryPoint, constants));
    // What has failed is tried again.
    kernel.catch(() => kernels.delete(key));
  }
  return kernel;
}

async function compile(
  device: GPUDevice,
  label: string,
  code: string,
  entryPoint: string,
  constants: Record<string, number>,
): Promise<Kernel> {
  const { value, fault } = inScopes(device, () => {
    const module = device.createShaderModule({ label, code });
    const compute = { module, entryPoint, constants };
    return device.createComputePipelineAsync({ label, layout: "auto", compute });
  });
  try {
    const pipeline = await value;
    const made = inScopes(device, () => new Kernel(device, label, pipeline));
    const found = await made.fault;
    if (found) throw faultError(found, `compile ${label}`);
    return made.value;
  } catch (error) {
    if (error instanceof GpuError) throw error;
    const found = await fault;
    const reason = await lossOr(device, error);
    if (reason !== error) throw reason;
    throw found ? faultError(found, `compile ${label}`) : new GpuError(
      `Cannot compile ${label} as the device must take it: received "${(error as Error).message}"`,
      { cause: error },
    );
  }
}

/**
 * Folds a number of workgroups into x and y, as one dimension takes at most 65,535.
 *
 * The kernel finds its number as `workgroup_id.x + workgroup_id.y * num_workgroups.x` and must
 * leave when that is not below the count.
 *
 * @param count Workgroups wanted.
 * @param limit Most workgroups in one dimension.
 * @returns Workgroups in x and y; x · y is at least `count`.
 * @throws {LimitsError} If two dimensions cannot hold them.
 */
export function foldWorkgroups(count: number, limit = 65535): [number, number] {
  if (count <= limit) return [count, 1];
  const y = Math.ceil(count / limit);
  if (y > limit) {
    throw new LimitsError(
      `Cannot dispatch as workgroups must be at most ${limit}²: received ${count}`,
    );
  }
  return [Math.ceil(count / y), y];
}
