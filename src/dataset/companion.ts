import { join } from "node:path";
import { IngestError, UnsupportedFormatError, UsageError } from "../errors.ts";
import { checkPicture } from "./picture.ts";
import { writeNpy } from "./npy_write.ts";
import { readRegular } from "./read_file.ts";
import { showValue } from "./show_value.ts";

/** Most bytes of one JSON file with all labels: V8 makes no longer texts. */
const MOST_TABLE_BYTES = 2 ** 29 - 24;

/** Finds the label of a picture in a file beside it: a mask, or an array. */
export interface Companion {
  /**
   * Reads the label of a picture.
   *
   * @param path Path of the picture within the data set.
   * @param maxBytes Most bytes that the label may have; 64 MiB when left out.
   * @returns Bytes of a PNG mask or of an `.npy` array.
   */
  read(path: string, maxBytes?: number): Promise<Uint8Array>;
}

/**
 * Takes masks from a folder that mirrors that of the pictures.
 *
 * @param folder Path of the masks' folder.
 * @param suffix What a mask's name has between the picture's name and its extension.
 * @returns A companion that gives the bytes of `FOLDER/NAME + SUFFIX.png`.
 */
export function maskFiles(folder: string, suffix = ""): Companion {
  return {
    async read(path, maxBytes) {
      const file = join(folder, `${stem(path)}${suffix}.png`);
      const mask = await readRegular(file, maxBytes).catch((cause) => missing(path, file, cause));
      checkPicture(file, mask, ["PNG"]);
      return mask;
    },
  };
}

/**
 * Takes labels that are arrays from `.npy` or `.json` files in a folder that mirrors that of the
 * pictures.
 *
 * @param folder Path of the labels' folder.
 * @returns A companion that gives the bytes of an `.npy` array; a JSON list of numbers becomes one.
 */
export function labelFiles(folder: string): Companion {
  return {
    async read(path, maxBytes) {
      const file = join(folder, `${stem(path)}.npy`);
      try {
        return checkNpy(file, await readRegular(file, maxBytes));
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
      const json = join(folder, `${stem(path)}.json`);
      const text = await readRegular(json, maxBytes)
        .catch((cause) => missing(path, `${stem(path)}.npy or .json in ${folder}`, cause));
      return jsonLabel(json, new TextDecoder().decode(text));
    },
  };
}

/**
 * Takes labels from one JSON file: an object of lists of numbers by path.
 *
 * @param file Path of the file.
 * @returns A companion that gives the bytes of an `.npy` array.
 * @throws {UsageError} If the file is no such object.
 */
export async function labelTable(file: string): Promise<Companion> {
  let table: unknown;
  try {
    table = JSON.parse(new TextDecoder().decode(await readRegular(file, MOST_TABLE_BYTES)));
  } catch (cause) {
    throw new UsageError(
      `Cannot read labels as ${file} must be a JSON file: received ${(cause as Error).message}`,
      { cause },
    );
  }
  if (typeof table !== "object" || table === null || Array.isArray(table)) {
    throw new UsageError(
      `Cannot read labels as ${file} must be an object of lists by path: received ${
        Array.isArray(table) ? "a list" : String(table)
      }`,
    );
  }
  const labels = new Map(Object.entries(table));
  return {
    read(path) {
      const label = labels.get(path) ?? labels.get(stem(path));
      return Promise.resolve(arrayLabel(`${path} in ${file}`, label));
    },
  };
}

/**
 * Makes an array of a JSON text.
 *
 * @param name Where it stands, for messages.
 * @param text A JSON list of numbers, or a list of such lists.
 * @returns Bytes of an `.npy` array.
 * @throws {UnsupportedFormatError} If it is none.
 */
export function jsonLabel(name: string, text: string): Uint8Array {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = text;
  }
  return arrayLabel(name, value);
}

/**
 * Makes an array of a list.
 *
 * @param name Where it stands, for messages.
 * @param value A list of numbers, or a list of such lists of one length.
 * @returns Bytes of an `.npy` array: `int32` where all numbers are, else `float32`.
 * @throws {UnsupportedFormatError} If it is none.
 */
export function arrayLabel(name: string, value: unknown): Uint8Array {
  const rows = Array.isArray(value) && Array.isArray(value[0]) ? value as unknown[][] : undefined;
  const flat = rows ? rows.flat() : value;
  const good = Array.isArray(flat) && flat.every((item) => Number.isFinite(item)) &&
    (!rows || rows.every((row) => Array.isArray(row) && row.length === rows[0].length));
  if (!good) {
    throw new UnsupportedFormatError(
      `Cannot read the label ${name} as it must be a list of numbers: received ${showValue(value)}`,
    );
  }
  const numbers = flat as number[];
  return writeNpy(numbers, rows ? [rows.length, rows[0].length] : [numbers.length]);
}

/**
 * Checks that bytes are an `.npy` file.
 *
 * @param name Where they are from, for messages.
 * @param bytes The bytes.
 * @returns The same bytes.
 * @throws {UnsupportedFormatError} If they do not begin as such a file does.
 */
export function checkNpy(name: string, bytes: Uint8Array): Uint8Array {
  const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
  if (magic.every((byte, i) => bytes[i] === byte)) return bytes;
  throw new UnsupportedFormatError(
    `Cannot read the label ${name} as it must begin as an .npy file does: received ${
      bytes.length === 0 ? "an empty file" : `bytes ${bytes.slice(0, 4).toHex()}…`
    }`,
  );
}

function missing(path: string, file: string, cause: Error): never {
  if (!(cause instanceof Deno.errors.NotFound)) throw cause;
  throw new IngestError(
    `Cannot read the label of ${path} as there must be ${file}: received no such file`,
    { cause },
  );
}

/** A path without the extension of its file. */
function stem(path: string): string {
  return path.replace(/\.[^./]*$/, "");
}
