import { isCpuAdapter } from "../gpu/device.ts";
import type { Tuning } from "./stage.ts";

/** Invocations that a CPU core runs in lockstep: 8 of 32 bits, with AVX2. */
const CPU_LANES = 8;

/** Bytes that are taken to stay in a CPU's last cache while others work beside. */
const CPU_CACHE_BYTES = 1 << 23;

const GPU_TUNING: Tuning = {
  entropy: 32,
  transform: 64,
  blocks: 1,
  pixel: 64,
  cap: 16_000,
  step: 2 ** 36,
  cpu: false,
  lanes: 1 << 14,
  cacheBytes: Infinity,
  sync: { bits: 1024, cost: 2.5, least: 4096, tail: 512, refinements: 3, cap: 60_000 },
};

/**
 * Sizes that suit a device.
 *
 * @param device The device.
 * @returns Sizes of workgroups, and of the work of an invocation.
 */
export function tuningFor(device: GPUDevice): Tuning {
  if (!isCpuAdapter(device)) return GPU_TUNING;
  return {
    entropy: 8,
    transform: 32,
    blocks: 8,
    pixel: 64,
    cap: 60_000,
    step: 2 ** 28,
    cpu: true,
    lanes: CPU_LANES * (globalThis.navigator?.hardwareConcurrency ?? 4),
    cacheBytes: CPU_CACHE_BYTES,
    // Measured with 2 cores: faster from 64 KB on for one picture, and up to 3 of a size at once.
    sync: { bits: 4096, cost: 4.5, least: 1 << 19, tail: 2048, refinements: 1, cap: 30_000 },
  };
}
