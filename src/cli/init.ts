import type { Command } from "commander";
import { cassandraSchema, sqliteSchema } from "../dataset/schema.ts";
import {
  addSchemaOptions,
  checkTarget,
  openWriter,
  replicationOf,
  schemaOf,
  type SchemaOptions,
} from "./target.ts";
import { say, sayLines } from "./say.ts";

interface InitFlags extends SchemaOptions {
  dryRun?: boolean;
}

/**
 * Adds `cassette init`.
 *
 * @param program The command to add it to.
 */
export function addInit(program: Command): void {
  const command = program.command("init")
    .description("Create the keyspace and the tables of a data set where they are missing.")
    .option("--dry-run", "print the statements and do nothing");
  addSchemaOptions(command).action(async (flags: InitFlags) => {
    const kind = checkTarget(flags);
    if (flags.dryRun) {
      const schema = schemaOf(flags);
      const statements = kind === "sqlite"
        ? sqliteSchema(schema)
        : cassandraSchema(schema, flags.keyspace, replicationOf(flags.replication));
      for (const statement of statements) sayLines(`${statement};`);
      return;
    }
    await using writer = await openWriter(flags);
    await writer.createTables();
    say(`tables of ${writer.name} are there`);
  });
}
