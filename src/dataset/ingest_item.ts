import { IngestError, LimitsError, UsageError } from "../errors.ts";
import { formatId } from "../ids.ts";
import type { ClassNumbers } from "./class_map.ts";
import type { GetData, InputItem, InputLimits } from "./input.ts";
import { checkPicture } from "./picture.ts";
import { checkSize } from "./read_file.ts";
import { pathId, type SampleRecord } from "./record.ts";
import type { Reencode } from "./reencode.ts";
import type { ColumnValue } from "./schema.ts";
import type { SeenPaths } from "./seen_paths.ts";
import { showValue } from "./show_value.ts";

/** Most bytes of a path: what Linux takes for a whole one. */
export const MOST_PATH_BYTES = 4096;

/** An item whose path is its own. */
export interface NamedItem {
  /** The item. */
  item: InputItem;
  /** Its path within the data set. */
  path: string;
  /** The id that is made of it. */
  id: Uint8Array<ArrayBuffer>;
}

/**
 * Names an item.
 *
 * @param item The item.
 * @param prefix What stands before its path; empty for nothing.
 * @param name Name of the input, for messages.
 * @param seen The items before it.
 * @returns The item with path and id.
 * @throws {IngestError} If another item has the path already.
 * @throws {LimitsError} If the path is too long.
 * @throws {UsageError} If the path is no text, or cannot be written as UTF-8.
 */
export function nameItem(
  item: InputItem,
  prefix: string,
  name: string,
  seen: SeenPaths,
): NamedItem {
  if (item.fault) throw item.fault;
  const path = prefix + item.path;
  checkPath(path);
  const place = item.place ?? `${name}: ${item.path}`;
  const id = pathId(path);
  const first = seen.add(id, place);
  if (first === undefined) return { item, path, id };
  if (item.pathIfTaken !== undefined) {
    return nameItem(
      { ...item, path: item.pathIfTaken, pathIfTaken: undefined },
      prefix,
      name,
      seen,
    );
  }
  // deno-lint-ignore no-control-regex
  const ascii = /^[\x00-\x7f]*$/.test(path);
  throw new IngestError(
    `Cannot ingest ${place} as its path, ${path}, must be that of one sample${
      ascii ? "" : " (whatever the normalisation of its letters)"
    }: received it from ${first} already`,
    { sampleId: formatId(id) },
  );
}

/**
 * Reads an item.
 *
 * @param named The item.
 * @param classes Numbers of the classes.
 * @param options What is asked for.
 * @param limits What an item may take.
 * @returns Its record.
 */
export async function readItem(
  { item, path, id }: NamedItem,
  classes: ClassNumbers,
  options: { getData?: GetData; reencode?: Reencode },
  { maxBlobBytes }: InputLimits,
): Promise<SampleRecord> {
  const { className, columns } = item;
  checkColumns(path, columns);
  const { data, label = await classes.label(item) } = await item.read(options.getData);
  if (!(data instanceof Uint8Array)) {
    throw new UsageError(
      `Cannot ingest ${path} as getData must give its bytes, a Uint8Array: received ${typeof data}`,
      { option: "getData" },
    );
  }
  checkSize(path, data.length, maxBlobBytes);
  if (label instanceof Uint8Array) checkSize(`the label of ${path}`, label.length, maxBlobBytes);
  if (!options.getData) {
    checkPicture(path, data, options.reencode ? ["JPEG", "PNG", "TIFF"] : ["JPEG", "PNG"]);
  }
  return { id, path, className, label, columns, data };
}

function checkPath(path: string): void {
  if (!path.isWellFormed()) {
    throw new UsageError(
      `Cannot ingest ${path.toWellFormed()} as its path must be a text of whole characters: received half of a pair`,
      { option: "path" },
    );
  }
  // No character takes more than three bytes a unit.
  if (path.length * 3 <= MOST_PATH_BYTES) return;
  const { length } = new TextEncoder().encode(path);
  if (length <= MOST_PATH_BYTES) return;
  throw new LimitsError(
    `Cannot ingest ${
      path.slice(0, 60)
    }… as its path must have at most ${MOST_PATH_BYTES} bytes: received ${length}`,
    { option: "path" },
  );
}

/** Someone else's JSON may hold anything, of any depth: it must not come as far as a hash. */
function checkColumns(path: string, columns: Readonly<Record<string, ColumnValue>> = {}): void {
  for (const [name, value] of Object.entries(columns)) {
    if (value === null || typeof value === "string" || typeof value === "number") continue;
    throw new IngestError(
      `Cannot ingest ${path} as column "${name}" must be a text or a number: received ${
        showValue(value)
      }`,
      { option: name },
    );
  }
}
