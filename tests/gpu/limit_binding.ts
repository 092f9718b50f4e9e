/** Makes a device say that its bindings are small; they are larger in truth. */
export function limitBinding(device: GPUDevice, bytes: number): void {
  const { limits } = device;
  const value = new Proxy(limits, {
    get: (_, name) => name === "maxStorageBufferBindingSize" ? bytes : Reflect.get(limits, name),
  });
  Object.defineProperty(device, "limits", { value, configurable: true });
}
