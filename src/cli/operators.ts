import {
  IMAGENET,
  normalize,
  type Operator,
  randomFlip,
  randomResizedCrop,
} from "../augment/mod.ts";
import { UsageError } from "../errors.ts";

/** Side of the pictures of classic ImageNet training, in pixels. */
const SIDE = 224;

/**
 * Reads the operators that the command line asks for.
 *
 * @param path A file with a JSON list of operators; classic ImageNet training when left out.
 * @returns The operators, in order.
 * @throws {UsageError} If the file cannot be read or holds no list.
 */
export async function readOperators(path: string | undefined): Promise<Operator[]> {
  if (path === undefined) return [randomResizedCrop(SIDE), randomFlip(), normalize(IMAGENET)];
  let value: unknown;
  try {
    value = JSON.parse(await Deno.readTextFile(path));
  } catch (cause) {
    throw new UsageError(
      `Cannot read operators as --augment must be a file of JSON: received ${path} (${
        (cause as Error).message
      })`,
      { option: "augment", cause },
    );
  }
  if (Array.isArray(value)) return value;
  throw new UsageError(
    `Cannot read operators as ${path} must hold a list of { name, parameters }: received ${typeof value}`,
    { option: "augment" },
  );
}
