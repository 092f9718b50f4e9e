import { assert, assertEquals, assertThrows } from "@std/assert";
import { planCapacity, UsageError } from "../../mod.ts";

const IMAGENET = { rows: 1_281_167, blobBytes: 110_000, rate: 4000, latency: 50 };

Deno.test("planCapacity follows from rows, bytes, rate and latency", () => {
  const plan = planCapacity({ ...IMAGENET, replication: 3, diskBytes: 500e9 });
  assert(Math.abs(plan.dataBytes / 141e9 - 1) < 0.01);
  // Three copies of 141 GB, twice for compaction, on disks of 500 GB.
  assertEquals(plan.nodes, 3);
  assert(plan.diskShare < 1 && plan.diskShare > 0.5);
  assertEquals([plan.samplesInFlight, plan.prefetch], [200, 3]);
  assert(Math.abs(plan.bitsPerNode * plan.nodes - 4000 * 110_004 * 8) < 1);
  const many = planCapacity({ ...IMAGENET, consumers: 8, latency: 0 });
  assertEquals([many.samplesInFlight, many.prefetch, many.nodes], [0, 1, 1]);
});

Deno.test("planCapacity refuses what makes no sense", () => {
  for (const [option, value] of [["rows", 0], ["latency", -1], ["rate", NaN]] as const) {
    const plan = () => planCapacity({ ...IMAGENET, [option]: value });
    assertEquals(assertThrows(plan, UsageError).option, option);
  }
  const few = () => planCapacity({ ...IMAGENET, replication: 3, nodes: 2 });
  assertThrows(few, UsageError, "replication");
});
