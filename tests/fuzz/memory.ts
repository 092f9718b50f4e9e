/** Peak memory of this process and of a device, for measurements. */

/** Bytes that `/proc/self/status` has under a name. */
function statusBytes(name: string): number {
  const line = Deno.readTextFileSync("/proc/self/status").split("\n")
    .find((line) => line.startsWith(`${name}:`));
  return Number(line!.split(/\s+/)[1]) * 1024;
}

/**
 * Begins to measure the most memory that this process has. Where that cannot be asked for (it can on
 * Linux), what it has at the end counts.
 *
 * @returns A function that gives the bytes beyond those that it has now.
 */
export function memory(): () => number {
  if (Deno.build.os !== "linux") {
    const before = Deno.memoryUsage().rss;
    return () => Math.max(0, Deno.memoryUsage().rss - before);
  }
  const before = statusBytes("VmRSS");
  // Sets the peak to what it is now (proc(5)).
  Deno.writeTextFileSync("/proc/self/clear_refs", "5");
  return () => Math.max(0, statusBytes("VmHWM") - before);
}

/**
 * Counts the bytes of a device's buffers from now on.
 *
 * @param device The device.
 * @returns A function that gives the most that there were at once since it was last called.
 */
export function countBuffers(device: GPUDevice): () => number {
  let bytes = 0;
  let most = 0;
  const create = device.createBuffer.bind(device);
  device.createBuffer = (descriptor) => {
    const buffer = create(descriptor);
    const destroy = buffer.destroy.bind(buffer);
    let alive = true;
    bytes += descriptor.size;
    most = Math.max(most, bytes);
    buffer.destroy = () => {
      if (alive) bytes -= descriptor.size;
      alive = false;
      return destroy();
    };
    return buffer;
  };
  return () => {
    const peak = most;
    most = bytes;
    return peak;
  };
}
