import { DeviceLostError } from "../errors.ts";

type Watcher = (info: GPUDeviceLostInfo) => void;

/** One reaction to `device.lost` for each device: one for each watcher would pile up for its life. */
const watchers = new WeakMap<GPUDevice, Set<Watcher>>();

/**
 * Calls back when a device is lost.
 *
 * @param device The device.
 * @param callback Gets the error to throw; called at most once, later than this returns.
 * @returns Ends the watch.
 */
export function watchLoss(
  device: GPUDevice,
  callback: (error: DeviceLostError) => void,
): () => void {
  return watch(device, (info) => callback(lossError(info)));
}

function watch(device: GPUDevice, watcher: Watcher): () => void {
  let set = watchers.get(device);
  if (!set) {
    const all = set = new Set();
    watchers.set(device, all);
    device.lost.then((info) => {
      watchers.delete(device);
      for (const call of all) call(info);
    });
  }
  set.add(watcher);
  return () => {
    set.delete(watcher);
  };
}

/**
 * Tells why work on a device failed: as it was lost, if so, which is told a little later than the
 * work fails, and in the words of whatever failed.
 *
 * @param device The device.
 * @param error What the work has thrown.
 * @returns A `DeviceLostError`, or the same error.
 */
export function lossOr(device: GPUDevice, error: unknown): Promise<unknown> {
  return new Promise((resolve) => {
    const unwatch = watch(device, (info) => {
      clearTimeout(timer);
      resolve(lossError(info, error));
    });
    const timer = setTimeout(() => {
      unwatch();
      resolve(error);
    });
  });
}

function lossError({ reason, message }: GPUDeviceLostInfo, cause?: unknown): DeviceLostError {
  return new DeviceLostError(
    `Cannot go on as the GPU device must not be lost: received ${reason} (${message})`,
    { cause },
  );
}
