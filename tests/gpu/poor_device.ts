import { requestDevice } from "../../src/gpu/device.ts";

/** A device that has no memory for buffers of some names. */
export async function poorDevice(lacks: (label: string) => boolean): Promise<GPUDevice> {
  const poor = await requestDevice();
  let last = "";
  const create = poor.createBuffer.bind(poor), pop = poor.popErrorScope.bind(poor);
  poor.createBuffer = (descriptor) => {
    last = descriptor.label!;
    return create(descriptor);
  };
  poor.popErrorScope = async () => {
    const lacking = lacks(last);
    const error = await pop();
    return lacking ? new GPUOutOfMemoryError("no memory") : error;
  };
  return poor;
}
