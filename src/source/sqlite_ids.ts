import { formatId, ID_BYTES, readId } from "../ids.ts";

/** How a table writes its ids: 16 bytes, or text in lower or upper case, with or without hyphens. */
export type IdForm = "blob" | "lower" | "upper" | "bareLower" | "bareUpper";

/** All forms; those that are not what a table's first row has are tried in this order. */
export const ID_FORMS: readonly IdForm[] = ["blob", "lower", "upper", "bareLower", "bareUpper"];

/** What ids must be, for messages. */
export const ID_RULE =
  "a UUID in each row, as 16 bytes or as text in one case, with all hyphens or none";

/** Lengths of a UUID's text without and with hyphens. */
const [BARE, HYPHENS] = [2 * ID_BYTES, 2 * ID_BYTES + 4];

/**
 * Writes an id as a table has it.
 *
 * @param form How the table writes ids.
 * @param bytes Bytes that hold the id.
 * @param offset Where the id begins, in bytes.
 * @returns What is looked up.
 */
export function idKey(form: IdForm, bytes: Uint8Array, offset: number): string | Uint8Array {
  if (form === "blob") return bytes.subarray(offset, offset + ID_BYTES);
  const text = formatId(bytes, offset);
  if (form === "lower") return text;
  if (form === "upper") return text.toUpperCase();
  const bare = text.replaceAll("-", "");
  return form === "bareLower" ? bare : bare.toUpperCase();
}

/**
 * Tells how an id is written.
 *
 * @param cell A value of a column of ids.
 * @returns Its form; undefined where it is no id.
 */
export function idForm(cell: unknown): IdForm | undefined {
  if (cell instanceof Uint8Array) return cell.length === ID_BYTES ? "blob" : undefined;
  if (typeof cell !== "string" || !readIdText(cell, new Uint8Array(ID_BYTES))) return undefined;
  const lower = cell === cell.toLowerCase();
  if (cell.length === HYPHENS) return lower ? "lower" : "upper";
  return lower ? "bareLower" : "bareUpper";
}

/**
 * Reads the text of an id. A text that could not be looked up again, as its letters are of both
 * cases or some hyphens are missing, is none.
 *
 * @param text The text.
 * @param bytes Where its 16 bytes go.
 * @returns Whether it is an id.
 */
export function readIdText(text: string, bytes: Uint8Array): boolean {
  if (text.length !== BARE && text.length !== HYPHENS) return false;
  if (/[a-f]/.test(text) && /[A-F]/.test(text)) return false;
  try {
    readId(text, bytes);
    return true;
  } catch {
    return false;
  }
}
