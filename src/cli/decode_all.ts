import { DecodeCheck } from "../decode_check.ts";
import type { CassetteError } from "../errors.ts";
import { requestDevice } from "../gpu/device.ts";
import { formatId, ID_BYTES } from "../ids.ts";
import type { BlobBatch } from "../source/source.ts";
import { openList } from "./list_options.ts";
import { warn } from "./say.ts";
import { openSource, type TargetOptions } from "./target.ts";

/** Samples that are fetched at once. */
const WINDOW = 256;

/** Failed samples that are told. */
const TOLD = 100;

/**
 * Makes a check that decodes, on a device of its own.
 *
 * @returns The check; dispose of it to free the device.
 */
export async function openCheck(): Promise<DecodeCheck> {
  const device = await requestDevice();
  let told = 0;
  const check = new DecodeCheck(device, {
    onWarning(path, message) {
      if (told++ < TOLD) warn(`${path}: warning: ${message}`);
    },
  });
  const dispose = check[Symbol.dispose].bind(check);
  check[Symbol.dispose] = () => {
    dispose();
    device.destroy();
  };
  return check;
}

/**
 * Decodes all samples of a data set.
 *
 * @param target Where it is.
 * @returns How many could not be decoded, each of which is told on standard error.
 */
export async function decodeAll(target: TargetOptions): Promise<number> {
  const { ids } = await openList(target);
  await using source = await openSource(target);
  using check = await openCheck();
  let failed = 0;
  for (let from = 0; from < ids.length; from += WINDOW) {
    const count = Math.min(WINDOW, ids.length - from);
    const part = ids.pick(Array.from({ length: count }, (_, i) => from + i));
    using batch = await source.fetch(part);
    const paths = await source.describe?.(part) ?? [];
    const errors = await Promise.all(
      Array.from({ length: count }, (_, i) => {
        const bytes = part.bytes.slice(ID_BYTES * i, ID_BYTES * (i + 1));
        return failureOf(batch, i, bytes, paths[i]?.path ?? formatId(bytes), check);
      }),
    );
    errors.forEach((error, i) => {
      if (!error) return;
      if (failed++ < TOLD) warn(`${paths[i]?.path ?? part.at(i)}: ${error.name}: ${error.message}`);
    });
  }
  return failed;
}

async function failureOf(
  batch: BlobBatch,
  i: number,
  id: Uint8Array<ArrayBuffer>,
  path: string,
  check: DecodeCheck,
): Promise<CassetteError | undefined> {
  const error = batch.error(i);
  // Those without a blob are counted by the verification itself.
  if (error) return error.code === "MISSING_SAMPLE" ? undefined : error;
  return await check.check({ id, path, data: batch.blob(i), label: batch.label(i) });
}
