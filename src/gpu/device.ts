import { OptionCheck } from "../check.ts";
import { NoAdapterError } from "../errors.ts";

/** Options of {@linkcode requestDevice}. */
export interface DeviceOptions {
  /**
   * Implementation of WebGPU that is asked; `navigator.gpu` by default. Node.js has none of its own:
   * `npm:webgpu` brings one.
   */
  gpu?: GPU;
  /** Which adapter to prefer on a machine with several. */
  powerPreference?: GPUPowerPreference;
  /** Name that errors and traces show. */
  label?: string;
}

const KNOWN: Record<keyof DeviceOptions, true> = { gpu: true, powerPreference: true, label: true };
const FEATURES = ["timestamp-query", "shader-f16"] as const;
const LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupStorageSize",
] as const;

/**
 * The adapter of each device, kept for as long as the device: Deno (2.9) ends the process when
 * `device.adapterInfo` is first read after the adapter has been collected.
 */
const adapters = new WeakMap<GPUDevice, GPUAdapter>();

/**
 * Asks for a GPU device with all that its adapter has to offer of what Cassette can use.
 *
 * Cassette works within the WebGPU default limits; larger ones only mean larger batches.
 *
 * @param options Which adapter, and the device's label.
 * @returns A plain device. The caller owns it: no part of Cassette destroys it.
 * @throws {UsageError} If an option is wrong.
 * @throws {NoAdapterError} If the machine has no WebGPU adapter; the message says how to get one.
 * @example
 * ```ts
 * import { requestDevice } from "@cassette/loader";
 * import { assert } from "@std/assert";
 *
 * const device = await requestDevice();
 * assert(device.limits.maxStorageBufferBindingSize >= 2 ** 27); // bytes
 * device.destroy();
 * ```
 */
export async function requestDevice(options: DeviceOptions = {}): Promise<GPUDevice> {
  const check = new OptionCheck("get a GPU device");
  check.names(options, KNOWN);
  check.oneOf("powerPreference", options.powerPreference, ["low-power", "high-performance"]);
  const gpu = options.gpu ?? globalThis.navigator?.gpu;
  check.that(
    options.gpu === undefined || typeof gpu?.requestAdapter === "function",
    "gpu",
    "an implementation of WebGPU, such as navigator.gpu",
    gpu,
  );
  const { powerPreference } = options;
  // Dawn, unlike Deno and browsers, refuses a preference that is undefined.
  const adapter = await gpu?.requestAdapter(powerPreference ? { powerPreference } : {});
  if (!adapter) {
    throw new NoAdapterError(
      "Cannot get a GPU device as the machine must have a WebGPU (Vulkan, Metal or Direct3D 12) adapter: received none. " +
        'On Debian or Ubuntu "apt-get install mesa-vulkan-drivers libvulkan1" brings one that runs on the CPU',
    );
  }
  const requiredLimits: Record<string, number> = {};
  for (const limit of LIMITS) requiredLimits[limit] = adapter.limits[limit];
  const device = await adapter.requestDevice({
    label: options.label ?? "cassette",
    requiredFeatures: FEATURES.filter((feature) => adapter.features.has(feature)),
    requiredLimits,
  });
  adapters.set(device, adapter);
  return device;
}

/**
 * Tells whether something is a device, whatever implementation of WebGPU made it.
 *
 * @param value What may be one.
 * @returns True if it has what is used of a device.
 */
export function isDevice(value: unknown): value is GPUDevice {
  const device = value as Partial<GPUDevice> | null | undefined;
  return typeof device?.createBuffer === "function" &&
    typeof device.createComputePipelineAsync === "function" &&
    typeof device.queue?.submit === "function";
}

/**
 * Tells whether a device computes on the CPU (lavapipe, SwiftShader, WARP).
 *
 * @param device A device that {@linkcode requestDevice} made.
 * @returns True for such an adapter; false for a device made elsewhere, of which that is not known.
 */
export function isCpuAdapter(device: GPUDevice): boolean {
  const info = adapters.get(device)?.info;
  if (info === undefined) return false;
  return info.isFallbackAdapter ||
    /llvmpipe|lavapipe|swiftshader|basic render/i.test(info.description);
}
