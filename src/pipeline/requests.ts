import { CassetteError, UsageError } from "../errors.ts";
import { ID_BYTES, IdList } from "../ids.ts";
import type { Job } from "./job.ts";

/** What a request may be: the ids of its samples. */
export type RequestIds = IdList | Iterable<string>;

/**
 * Cuts requests into batches.
 *
 * @param requests The ids of each request, in order.
 * @param batchSize Most samples of a batch.
 * @returns One job for each part of a request; a request that makes no sense is one invalid job.
 */
export async function* requestJobs(
  requests: Iterable<RequestIds> | AsyncIterable<RequestIds>,
  batchSize: number,
): AsyncGenerator<Job> {
  let index = 0;
  for await (const request of requests) {
    const { ids, invalid } = readRequest(request);
    const parts = Math.max(1, Math.ceil(ids.length / batchSize));
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
        invalid,
      };
    }
    index++;
  }
}

/**
 * Checks the ids of one request.
 *
 * @param request The ids.
 * @returns The ids as a list.
 * @throws {UsageError} If there are none, or one is not a UUID.
 */
export function checkRequest(request: RequestIds): IdList {
  const ids = IdList.from(request);
  if (ids.length > 0) return ids;
  throw new UsageError("Cannot request samples as ids must not be empty: received 0 ids", {
    option: "ids",
  });
}

function readRequest(request: RequestIds): { ids: IdList; invalid?: CassetteError } {
  try {
    return { ids: checkRequest(request) };
  } catch (error) {
    if (!(error instanceof CassetteError)) throw error;
    return { ids: IdList.from([]), invalid: error };
  }
}
