import { requestDevice } from "../../src/gpu/device.ts";

/** A device whose commands are watched. */
export interface ObservedDevice {
  device: GPUDevice;
  /** What was done outside of error scopes of all kinds, with where it was done. */
  unscoped: string[];
  /** How often each thing was done. */
  calls: Map<string, number>;
  /** Labels of the pipelines that were compiled, in order. */
  compiled: string[];
  /** Errors that no scope has held. */
  uncaptured: string[];
  /** Scopes that are open. */
  open(): number;
}

const FILTERS: readonly GPUErrorFilter[] = ["validation", "out-of-memory", "internal"];

/**
 * Opens a device that notes what it is asked for outside of error scopes: WebGPU leaves invalid work
 * out, and tells nobody but them.
 */
export async function observedDevice(): Promise<ObservedDevice> {
  const device = await requestDevice();
  const scopes: GPUErrorFilter[] = [];
  const unscoped: string[] = [];
  const calls = new Map<string, number>();
  const compiled: string[] = [];
  const uncaptured: string[] = [];
  device.addEventListener("uncapturederror", (event) => {
    uncaptured.push((event as GPUUncapturedErrorEvent).error.message);
  });
  const note = (name: string) => {
    calls.set(name, (calls.get(name) ?? 0) + 1);
    const missing = FILTERS.filter((filter) => !scopes.includes(filter));
    if (missing.length === 0) return;
    const where = new Error().stack!.split("\n").slice(3, 5).map((line) => line.trim()).join(" ");
    unscoped.push(`${name} without a scope for ${missing.join(", ")}: ${where}`);
  };
  // deno-lint-ignore no-explicit-any
  const watch = (target: any, names: readonly string[], after?: (result: any) => void) => {
    for (const name of names) {
      const call = target[name].bind(target);
      target[name] = (...args: unknown[]) => {
        note(name);
        const result = call(...args);
        after?.(result);
        return result;
      };
    }
  };
  const push = device.pushErrorScope.bind(device), pop = device.popErrorScope.bind(device);
  device.pushErrorScope = (filter) => {
    scopes.push(filter);
    push(filter);
  };
  device.popErrorScope = () => {
    scopes.pop();
    return pop();
  };
  const compile = device.createComputePipelineAsync.bind(device);
  device.createComputePipelineAsync = (descriptor) => {
    compiled.push(descriptor.label!);
    return compile(descriptor);
  };
  watch(device, [
    "createBuffer",
    "createBindGroup",
    "createShaderModule",
    "createComputePipeline",
    "createComputePipelineAsync",
    "createTexture",
    "createQuerySet",
  ]);
  watch(device, ["createCommandEncoder"], (encoder) => watch(encoder, ["finish"]));
  watch(device.queue, ["submit", "writeBuffer"]);
  return { device, unscoped, calls, compiled, uncaptured, open: () => scopes.length };
}
