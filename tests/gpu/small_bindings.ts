import { requestDevice } from "../../src/gpu/device.ts";

/**
 * Opens a device whose storage bindings may be less large than its limits say: a larger one is an
 * invalid bind group, as where a plan has made too large a one.
 *
 * @param bytes Most bytes of a binding.
 * @param kernels Whether that holds for a kernel, by its label.
 */
export async function smallBindings(
  bytes: number,
  kernels: (label: string) => boolean = () => true,
): Promise<GPUDevice> {
  const device = await requestDevice();
  const create = device.createBindGroup.bind(device);
  device.createBindGroup = (descriptor) => {
    if (!kernels(descriptor.label!)) return create(descriptor);
    const entries = [...descriptor.entries].map((entry) => {
      const resource = entry.resource as GPUBufferBinding;
      const { size = resource.buffer.size } = resource;
      const isStorage = (resource.buffer.usage & GPUBufferUsage.STORAGE) !== 0;
      if (!isStorage || size <= bytes) return entry;
      return { ...entry, resource: { ...resource, size: 2 ** 31 } };
    });
    return create({ ...descriptor, entries });
  };
  return device;
}
