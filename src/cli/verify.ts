import type { Command } from "commander";
import { verifyCassandra, type VerifyOptions, verifySqlite } from "../dataset/verify.ts";
import { counted, size } from "./amounts.ts";
import { decodeAll } from "./decode_all.ts";
import {
  addTargetOptions,
  checkTarget,
  connection,
  schemaOf,
  type TargetOptions,
} from "./target.ts";
import { say, sayJson, warn } from "./say.ts";

interface VerifyFlags extends TargetOptions {
  json?: boolean;
  decode?: boolean;
}

/**
 * Adds `cassette verify`.
 *
 * @param program The command to add it to.
 * @param done Told whether something failed.
 */
export function addVerify(program: Command, done: (failed: boolean) => void): void {
  const command = program.command("verify")
    .description("Check that each metadata row has its blob, with the hash that the row says.")
    .option("--decode", "decode each picture too, and tell those that cannot be")
    .option("--json", "print the outcome as one JSON object");
  addTargetOptions(command).action(async (flags: VerifyFlags) => {
    const options: VerifyOptions = {
      onFault: ({ id, path, reason }) => warn(`${path} (${id}): ${reason}`),
    };
    const tables = schemaOf(flags);
    const report = checkTarget(flags) === "sqlite"
      ? verifySqlite(flags.sqlite!, tables, options)
      : await verifyCassandra({ ...connection(flags), keyspace: flags.keyspace, tables }, options);
    const { metadataRows, dataRows, missing, different, doubled, samePath, bytes } = report;
    const undecodable = flags.decode ? await decodeAll(flags) : undefined;
    if (flags.json) sayJson({ ...report, undecodable });
    else {
      say(
        `${counted(metadataRows, "sample")} (${size(bytes)}): ${missing} without blob, ` +
          `${different} with another hash, ${doubled} doubled${
            samePath > 0 ? `, ${samePath} with the path of another` : ""
          }${undecodable === undefined ? "" : `, ${undecodable} that cannot be decoded`}; ${
            counted(dataRows, "data row")
          }`,
      );
    }
    done(missing + different + doubled + samePath + (undecodable ?? 0) > 0);
  });
}
