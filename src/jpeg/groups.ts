import type { JpegScan } from "./frame.ts";
import { type GatheredStripGroup, planGatheredStrips } from "./gathered_strips.ts";
import { exceeds, type Group, planGroup } from "./plan.ts";
import { Room } from "./room.ts";
import { cacheShares } from "./shares.ts";
import type { Decodable, Decoding } from "./stage.ts";
import { hasOneScan, planStrips, type StripGroup } from "./strips.ts";

/** Pictures that are decoded together, or one that is decoded strip by strip. */
export type AnyGroup = Group | StripGroup | GatheredStripGroup;

/** Least bytes of a buffer. */
const LEAST_BYTES = 16;

/**
 * Splits pictures so that each group's buffers fit a binding, and those that alone do not into strips,
 * and writes their records.
 *
 * @param decodables The pictures, in the order of their targets.
 * @param sync Scans that go by self-synchronisation.
 * @param maxBuffer Most bytes of a buffer.
 * @param decoding What they are decoded with.
 * @returns The groups, in the order in which they are decoded.
 */
export function planGroups(
  decodables: readonly Decodable[],
  sync: ReadonlySet<JpegScan>,
  maxBuffer: number,
  decoding: Decoding,
): AnyGroup[] {
  const { lexed, tuning, binding } = decoding;
  const bounds = { maxBinding: binding, maxBuffer };
  const groups: AnyGroup[] = [];
  let members: Decodable[] = [];
  let room = new Room(bounds);
  const plan = () => {
    if (members.length === 0) return;
    for (const share of cacheShares(members, lexed, tuning)) {
      groups.push(planGroup(share, decoding, sync));
    }
    members = [];
    room = new Room(bounds);
  };
  for (const decodable of decodables) {
    if (exceeds(decodable, binding)) {
      plan();
      groups.push(
        hasOneScan(decodable.frame)
          ? planStrips(decodable, decoding, sync)
          : planGatheredStrips(decodable, decoding),
      );
      continue;
    }
    if (!room.take(decodable, lexed)) {
      plan();
      room.take(decodable, lexed);
    }
    members.push(decodable);
  }
  plan();
  return groups;
}

/** Bytes of the buffers that groups share, one after the other. */
export interface ScratchBytes {
  /** Coefficients. */
  readonly coefficients: number;
  /** Samples. */
  readonly samples: number;
  /** What is gathered of several scans, or kept from strip to strip. */
  readonly gathered: number;
  /** What only self-synchronisation sees, or coefficients that are smoothed. */
  readonly sync: number;
}

/**
 * Measures the buffers that groups share.
 *
 * @param groups The groups.
 * @returns Bytes of the largest of each.
 */
export function scratchBytes(groups: readonly AnyGroup[]): ScratchBytes {
  const most = (size: (group: AnyGroup) => number) => Math.max(LEAST_BYTES, largest(groups, size));
  return {
    coefficients: most(coefficientBytes),
    samples: most(sampleBytes),
    gathered: most(gatheredBytes),
    sync: most(syncBytes),
  };
}

function coefficientBytes(group: AnyGroup): number {
  return "components" in group ? group.components.coefficientBytes : group.coefficientBytes;
}

function sampleBytes(group: AnyGroup): number {
  if ("components" in group) return group.components.sampleBytes;
  if ("strips" in group) return group.sampleBytes;
  return largest(group.gatheredStrips, ({ components }) => components.sampleBytes);
}

function gatheredBytes(group: AnyGroup): number {
  if ("components" in group) return group.progressive?.scratchBytes ?? 0;
  if ("strips" in group) return group.keptBytes;
  return Math.max(
    largest(group.windows, ({ masks }) => masks.bytes),
    largest(group.gatheredStrips, ({ smoothing }) => smoothing?.stage.bytes ?? 0),
  );
}

function syncBytes(group: AnyGroup): number {
  if (!("windows" in group)) return group.entropy?.sync?.scratch.size ?? 0;
  return largest(
    group.gatheredStrips,
    (strip) => strip.smoothing ? strip.coefficients.size : 0,
  );
}

function largest<T>(list: readonly T[], size: (one: T) => number): number {
  return list.reduce((most, one) => Math.max(most, size(one)), 0);
}
