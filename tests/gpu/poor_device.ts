import { requestDevice } from "../../src/gpu/device.ts";

/** A device, and what a test has it fail at. */
export interface FailingDevice {
  device: GPUDevice;
  /** Says that the innermost scope of a kind holds an error. */
  fail(filter: GPUErrorFilter, message: string): void;
}

/** Opens a device whose error scopes a test can fill, beside the errors of its own. */
export async function failingDevice(): Promise<FailingDevice> {
  const device = await requestDevice();
  const scopes: { filter: GPUErrorFilter; error?: GPUError }[] = [];
  const push = device.pushErrorScope.bind(device), pop = device.popErrorScope.bind(device);
  device.pushErrorScope = (filter) => {
    scopes.push({ filter });
    push(filter);
  };
  device.popErrorScope = async () => {
    const scope = scopes.pop();
    return await pop() ?? scope?.error ?? null;
  };
  const fail = (filter: GPUErrorFilter, message: string) => {
    const scope = scopes.findLast((scope) => scope.filter === filter);
    if (!scope) throw new Error(`no scope holds the ${filter} error ${message}`);
    scope.error ??= {
      "validation": new GPUValidationError(message),
      "out-of-memory": new GPUOutOfMemoryError(message),
      "internal": new GPUInternalError(message),
    }[filter];
  };
  return { device, fail };
}

/** A device that has no memory for buffers of some names and sizes: work that uses them is invalid. */
export async function poorDevice(
  lacks: (label: string, size: number) => boolean,
): Promise<GPUDevice> {
  const { device, fail } = await failingDevice();
  const create = device.createBuffer.bind(device);
  device.createBuffer = (descriptor) => {
    const buffer = create(descriptor);
    if (lacks(descriptor.label!, descriptor.size)) {
      fail("out-of-memory", "no memory");
      buffer.destroy();
    }
    return buffer;
  };
  return device;
}
