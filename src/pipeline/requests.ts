import { ID_BYTES, IdList } from "../ids.ts";
import type { Job } from "./job.ts";

/**
 * Cuts requests into batches.
 *
 * @param requests The ids of each request, in order.
 * @param batchSize Most samples of a batch.
 * @returns One job for each part of a request.
 */
export function* requestJobs(requests: Iterable<IdList>, batchSize: number): Generator<Job> {
  let index = 0;
  for (const ids of requests) {
    const parts = Math.ceil(ids.length / batchSize);
    for (let part = 0; part < parts; part++) {
      const first = part * batchSize;
      const end = Math.min(ids.length, first + batchSize);
      yield {
        ids: new IdList(ids.bytes.subarray(first * ID_BYTES, end * ID_BYTES)),
        positions: Float64Array.from({ length: end - first }, (_, i) => first + i),
        valid: new Uint8Array(end - first).fill(1),
        epoch: 0,
        ordinals: new Float64Array(0),
        batches: 0,
        request: { index, part, parts },
      };
    }
    index++;
  }
}
