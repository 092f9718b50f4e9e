import type { GuardedClient } from "../source/cassandra_client.ts";

/** A part of the token ring. */
export interface RingPart {
  /** Token before its first one. */
  start: bigint;
  /** Its last token; undefined for the last of the ring. */
  end: bigint | undefined;
  /** Address of a host that has it. */
  host: string | undefined;
}

/** A token, and the address of the host that has the part of the ring that ends with it. */
export interface TokenOwner {
  /** The token. */
  token: bigint;
  /** The host. */
  host: string;
}

const LOWEST = -(2n ** 63n);
const HIGHEST = 2n ** 63n - 1n;

/**
 * Cuts the token ring of Murmur3 into parts of about one size, none of which has two hosts.
 *
 * @param owners Tokens of all hosts.
 * @param least Number of parts, at least.
 * @returns The parts, by token.
 */
export function cutRing(owners: readonly TokenOwner[], least: number): RingPart[] {
  const sorted = owners.toSorted((a, b) => (a.token < b.token ? -1 : 1));
  const size = (HIGHEST - LOWEST) / BigInt(least);
  const parts: RingPart[] = [];
  let start = LOWEST;
  // What comes after the highest token belongs to the host of the lowest.
  for (const { token, host } of [...sorted, { token: HIGHEST, host: sorted[0].host }]) {
    const pieces = (token - start + size / 2n) / size || 1n;
    for (let i = 0n; i < pieces && start < token; i++) {
      const end = i === pieces - 1n ? token : start + (token - start) / (pieces - i);
      parts.push({ start, end: end === HIGHEST ? undefined : end, host });
      start = end;
    }
  }
  return parts;
}

/**
 * Cuts the token ring as the driver knows it.
 *
 * @param client A connected client.
 * @param keyspace Exact name of the keyspace.
 * @param least Number of parts, at least.
 * @returns The parts; those of hosts that are down have none.
 */
export function cutRingByDriver(
  client: GuardedClient,
  keyspace: string,
  least: number,
): RingPart[] {
  const ranges = [...client.metadata.getTokenRanges() ?? []];
  if (ranges.length === 0) return [];
  const splits = Math.max(1, Math.ceil(least / ranges.length));
  return ranges.flatMap((range) => {
    const replicas = client.metadata.getReplicas(keyspace, range.end) ?? [];
    const host = [...replicas].find((replica) => replica.isUp())?.address;
    return range.splitEvenly(splits).flatMap((part) => part.unwrap()).map(({ start, end }) => {
      const last = BigInt(end.toString());
      return {
        start: BigInt(start.toString()),
        end: last === LOWEST ? undefined : last,
        host,
      };
    });
  });
}
