import type { SampleMix } from "../augment/batch_mix.ts";
import { type CassetteError, CorruptJpegError } from "../errors.ts";
import type { IdList } from "../ids.ts";

/**
 * Makes the errors of samples errors of all that they were mixed into, as their pixels are in there.
 *
 * What is known to be bad before it is mixed is no sample's partner; this is for what only the GPU sees.
 *
 * @param errors Why each sample failed; those that a failed one was mixed into are added.
 * @param mix What was mixed into which sample, operator by operator.
 * @param ids Ids of the samples.
 */
export function spreadErrors(
  errors: (CassetteError | undefined)[],
  mix: readonly SampleMix[],
  ids: IdList,
): void {
  const steps = Map.groupBy(mix, ({ step }) => step);
  for (const step of [...steps.keys()].sort((a, b) => a - b)) {
    // An operator mixes samples as the one before has left them.
    const before = [...errors];
    for (const { index, partner } of steps.get(step)!) {
      const cause = before[partner];
      if (!cause) continue;
      const sampleId = ids.at(index);
      errors[index] ??= new CorruptJpegError(
        `Cannot load sample ${sampleId} as sample ${
          ids.at(partner)
        }, which was mixed into it, must be whole: received ${cause.message}`,
        { sampleId, cause },
      );
    }
  }
}
