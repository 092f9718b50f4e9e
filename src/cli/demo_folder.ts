import { join } from "node:path";
import { UsageError } from "../errors.ts";
import { checkOutput, type OutputFlags } from "./output.ts";

/** Marks a folder that the demo has made: what it wrote there it may write again. */
const MARK = ".cassette-demo";

/** Endings of the files of one SQLite database. */
const DATABASE = ["", "-journal", "-wal", "-shm"];

/** Where the demo writes to. */
export interface DemoOutputs {
  /** Path of the contact sheet. */
  sheet: string;
  /** Path of the SQLite file, if the demo fills one. */
  sqlite?: string;
  /** Whether the contact sheet may be replaced. */
  force: boolean;
}

/**
 * Makes the demo's folder, and room for its files: those of an earlier demo are removed, those of
 * anybody else refused unless `--force` is given.
 *
 * @param out The folder.
 * @param sqlite A SQLite file that the command line names.
 * @param inTables Whether tables elsewhere are filled, and no SQLite file.
 * @param flags What the command line says.
 * @returns Where the demo writes to.
 * @throws {UsageError} If a file is there that the demo has not made.
 */
export async function demoOutputs(
  out: string,
  sqlite: string | undefined,
  inTables: boolean,
  flags: OutputFlags,
): Promise<DemoOutputs> {
  const mark = join(out, MARK);
  const sheet = join(out, "sheet.png");
  const own = join(out, "demo.sqlite");
  const force = flags.force === true || await isFile(mark);
  await checkOutput(sheet, { force });
  const file = sqlite ?? (inTables ? undefined : own);
  if (file !== undefined) await checkOutput(file, sqlite === undefined ? { force } : flags);
  await Deno.mkdir(out, { recursive: true });
  await Deno.writeTextFile(mark, "Made by `cassette demo`, which replaces what it wrote here.\n");
  if (file !== undefined) await removeDatabase(file);
  return { sheet, sqlite: file, force };
}

/**
 * Makes sure that tables hold no samples of anybody else.
 *
 * @param writer Writes into them.
 * @param flags What the command line says.
 * @throws {UsageError} If there are samples and `--force` is not given.
 */
export async function checkEmpty(
  writer: { name: string; isEmpty(): Promise<boolean> },
  flags: OutputFlags,
): Promise<void> {
  if (flags.force || await writer.isEmpty()) return;
  throw new UsageError(
    `Cannot run the demo in ${writer.name} as it holds samples already: name another --keyspace, or write among them by --force`,
    { option: "keyspace" },
  );
}

async function isFile(path: string): Promise<boolean> {
  return (await Deno.lstat(path).catch(() => undefined))?.isFile === true;
}

async function removeDatabase(path: string): Promise<void> {
  for (const suffix of DATABASE) {
    await Deno.remove(path + suffix).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }
}
