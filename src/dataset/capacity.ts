import { OptionCheck } from "../check.ts";

/** What a data set and its consumers are like. */
export interface CapacityOptions {
  /** Number of samples. */
  rows: number;
  /** Mean bytes of a blob. */
  blobBytes: number;
  /** Mean bytes of a label; 4 when left out. */
  labelBytes?: number;
  /** Copies of each row; 1 when left out. */
  replication?: number;
  /** Nodes; as few as may be when left out. */
  nodes?: number;
  /** Bytes of disk of a node; 1 TB when left out. */
  diskBytes?: number;
  /** Samples a second that all consumers take together. */
  rate: number;
  /** Time from a request to its answer, in milliseconds. */
  latency: number;
  /** Samples of a batch; 128 when left out. */
  batchSize?: number;
  /** Processes that load at once; 1 when left out. */
  consumers?: number;
}

/** What it takes. */
export interface Capacity {
  /** Bytes of the data table, one copy. */
  dataBytes: number;
  /** Bytes of the metadata table, one copy. */
  metadataBytes: number;
  /** Nodes. */
  nodes: number;
  /** Bytes on the disk of each node, without what compaction needs. */
  bytesPerNode: number;
  /** Share of each node's disk that is taken, with room for compaction. */
  diskShare: number;
  /** Bytes a second that all nodes send together. */
  bytesPerSecond: number;
  /** Bits a second of network of each node. */
  bitsPerNode: number;
  /** Samples that must be under way in each consumer: rate × latency. */
  samplesInFlight: number;
  /** Batches to prefetch in each consumer. */
  prefetch: number;
  /** Bytes of memory for them in each consumer. */
  prefetchBytes: number;
  /** Bytes of a list of all ids and labels. */
  listBytes: number;
}

/** Bytes of a row beside its values, estimated: key, timestamp, and its share of index and filter. */
const ROW_OVERHEAD = 60;
/** Bytes of a metadata row, estimated: id, path, class, two hashes that do not compress, label. */
const METADATA_ROW = 110;
/** Compaction by size writes the largest files anew beside the old ones. */
const COMPACTION = 2;
const TERABYTE = 1e12;

const REQUIRED = { rows: undefined, blobBytes: undefined, rate: undefined, latency: undefined };

const KNOWN: Record<keyof CapacityOptions, true> = {
  rows: true,
  blobBytes: true,
  labelBytes: true,
  replication: true,
  nodes: true,
  diskBytes: true,
  rate: true,
  latency: true,
  batchSize: true,
  consumers: true,
};

const check = new OptionCheck("plan capacity");

/**
 * Works out what a data set takes of disks, network and memory, and how far ahead to fetch.
 *
 * Batches to prefetch follow from Little's law: what is under way is rate times latency (the
 * bandwidth–delay product); one more batch is being used.
 *
 * @param options Rows, bytes, rate and latency.
 * @returns What it takes.
 * @throws {UsageError} If a number is out of its range.
 * @example
 * ```ts
 * import { planCapacity } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * const plan = planCapacity({ rows: 1_281_167, blobBytes: 110_000, rate: 4000, latency: 50 });
 * assertEquals(plan.prefetch, 3);
 * ```
 */
export function planCapacity(options: CapacityOptions): Capacity {
  check.names(options, KNOWN);
  const whole = {
    ...REQUIRED,
    labelBytes: 4,
    replication: 1,
    diskBytes: TERABYTE,
    batchSize: 128,
    consumers: 1,
    ...Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)),
  } as unknown as Required<Omit<CapacityOptions, "nodes">> & { nodes?: number };
  for (const [option, value] of Object.entries(whole)) {
    const zero = option === "latency" || option === "labelBytes";
    const good = Number.isFinite(value) && (zero ? value >= 0 : value > 0);
    check.that(good, option, zero ? "a number from 0 on" : "a number above 0", value);
  }
  const { rows, blobBytes, labelBytes, replication, diskBytes, rate, latency, batchSize } = whole;
  const dataBytes = rows * (blobBytes + labelBytes + ROW_OVERHEAD);
  const metadataBytes = rows * METADATA_ROW;
  const all = (dataBytes + metadataBytes) * replication;
  const nodes = whole.nodes ?? Math.max(replication, Math.ceil(all * COMPACTION / diskBytes));
  if (nodes < replication) {
    check.refuse("nodes", `at least replication, ${replication}`, String(nodes));
  }
  const bytesPerNode = all / nodes;
  const bytesPerSecond = rate * (blobBytes + labelBytes);
  const samplesInFlight = Math.ceil(rate / whole.consumers * latency / 1000);
  const prefetch = Math.ceil(samplesInFlight / batchSize) + 1;
  return {
    dataBytes,
    metadataBytes,
    nodes,
    bytesPerNode,
    diskShare: bytesPerNode * COMPACTION / diskBytes,
    bytesPerSecond,
    bitsPerNode: bytesPerSecond * 8 / nodes,
    samplesInFlight,
    prefetch,
    prefetchBytes: prefetch * batchSize * blobBytes,
    listBytes: rows * 20,
  };
}
