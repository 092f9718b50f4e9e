/**
 * The `cassette` command.
 *
 * @module
 */
import { Command, CommanderError } from "commander";
import denoConfig from "../../deno.json" with { type: "json" };
import { CassetteError } from "../errors.ts";
import { addBench } from "./bench.ts";
import { addDecode } from "./decode.ts";
import { addDemo } from "./demo.ts";
import { addDoctor } from "./doctor.ts";
import { addDraw } from "./draw.ts";
import { addIngest } from "./ingest.ts";
import { addInspect } from "./inspect.ts";
import { addInit } from "./init.ts";
import { addList } from "./list.ts";
import { addPlan } from "./plan.ts";
import { addPlanCapacity } from "./plan_capacity.ts";
import { addSheet } from "./sheet.ts";
import { addShow } from "./show.ts";
import { addSplit } from "./split.ts";
import { GIVEN_BY } from "./target.ts";
import { addVerify } from "./verify.ts";
import { warnLines } from "./say.ts";

/** Exit codes: 1 for what failed in the work, 2 for a wrong command line. */
const FAILED = 1;
const MISUSED = 2;

/**
 * Runs the command.
 *
 * @param args Arguments after the command's name.
 * @returns The exit code.
 */
export async function main(args: string[]): Promise<number> {
  let code = 0;
  const program = new Command("cassette")
    .description("Loads batches of images from SQLite or Apache Cassandra into GPU memory.")
    .version(denoConfig.version)
    .showHelpAfterError("(--help tells more)")
    .exitOverride();
  const done = (failed: boolean) => {
    if (failed) code = FAILED;
  };
  addDemo(program);
  addDraw(program);
  addInit(program);
  addIngest(program, done);
  addVerify(program, done);
  addList(program);
  addShow(program, done);
  addSplit(program);
  addPlanCapacity(program);
  addDecode(program, done);
  addInspect(program, done);
  addSheet(program);
  addPlan(program);
  addBench(program);
  addDoctor(program, done);
  for (const command of program.commands) {
    command.exitOverride().showHelpAfterError("(--help tells more)");
  }
  try {
    await program.parseAsync(args, { from: "user" });
    return code;
  } catch (thrown) {
    // What failed first, where the clean-up after it failed too.
    const error = thrown instanceof SuppressedError ? thrown.suppressed : thrown;
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : MISUSED;
    if (!(error instanceof CassetteError) && !isSystemError(error)) throw error;
    warnLines(`${error.name}: ${error.message}${whereFrom(error)}`);
    return FAILED;
  }
}

/** The flag or variable behind an option that the command line has under another name. */
function whereFrom(error: Error): string {
  const option = error instanceof CassetteError ? error.option : undefined;
  const given = option === undefined ? undefined : GIVEN_BY.get(option);
  return given === undefined ? "" : ` [${given}]`;
}

/** Whether the system refused something, such as a full disk: no fault of the program to trace. */
function isSystemError(error: unknown): error is Error {
  const classes = Object.values(Deno.errors);
  return error instanceof Error &&
    ("code" in error || classes.some((SystemError) => error instanceof SystemError));
}

if (import.meta.main) Deno.exit(await main(Deno.args));
