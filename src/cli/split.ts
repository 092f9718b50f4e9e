import { largest } from "../extremes.ts";
import { type Command, Option } from "commander";
import { readList } from "../dataset/list_file.ts";
import { type Balance, type SampleSplit, splitCounts, splitList } from "../dataset/split.ts";
import { readSplitFile, writeSplit } from "../dataset/split_file.ts";
import { UsageError } from "../errors.ts";
import { addListOptions, listedTable, type ListFlags, openList } from "./list_options.ts";
import { wholeNumber } from "./numbers.ts";
import { addForce, checkOutput, type OutputFlags } from "./output.ts";
import { sayJson, sayLines } from "./say.ts";

interface SplitFlags extends ListFlags, OutputFlags {
  list?: string;
  out: string;
  ratios?: string;
  counts?: string;
  balance: "original" | "class" | "random";
  weights?: string;
  entity?: string;
  seed: number;
  exact?: boolean;
  previous?: string;
  json?: boolean;
}

/**
 * Adds `cassette split`.
 *
 * @param program The command to add it to.
 */
export function addSplit(program: Command): void {
  const command = program.command("split")
    .description("Cut a data set, or a list of it, into parts such as train and val.")
    .requiredOption("--out <file>", "split file to write")
    .option("--list <file>", "list to cut, in place of a database")
    .option("--ratios <parts>", "share of each part: train=0.8,val=0.2")
    .option("--counts <parts>", "samples of each part: train=10000,val=2000")
    .addOption(
      new Option("--balance <how>", "classes as they are, equally many of each, or regardless")
        .choices(["original", "class", "random"]).default("original"),
    )
    .option("--weights <classes>", "weight of each class by its label: 0=1,1=3")
    .option("--entity <column>", "samples with one value stay together, such as a patient's")
    .option("--seed <number>", "another seed gives another split", wholeNumber("seed", 0), 0)
    .option("--exact", "exact sizes; without it no sample changes its part when others are added")
    .option("--previous <file>", "split whose samples stay where they are")
    .option("--json", "print the outcome as one JSON object");
  addForce(addListOptions(command)).action(async (flags: SplitFlags) => {
    await checkOutput(flags.out, flags, [flags.sqlite, flags.list]);
    if (flags.list !== undefined) checkUnread(command);
    if (flags.list === undefined && flags.entity !== undefined) {
      flags.columns = [flags.columns, flags.entity].filter(Boolean).join();
    }
    const list = flags.list === undefined ? await openList(flags) : await readList(flags.list);
    const split = splitList(list, {
      ratios: pairs("ratios", flags.ratios),
      counts: pairs("counts", flags.counts),
      balance: pairs("weights", flags.weights) as Balance | undefined ?? flags.balance,
      entity: flags.entity,
      seed: flags.seed,
      exact: flags.exact,
      previous: flags.previous === undefined ? undefined : await readSplitFile(flags.previous),
      from: flags.list ?? flags.sqlite ?? `${flags.keyspace}.${listedTable(flags)}`,
    });
    await writeSplit(flags.out, split, flags);
    const { parts, provenance } = split;
    if (flags.json) sayJson({ parts, counts: splitCounts(split), provenance });
    else sayLines(table(split));
  });
}

/** Options of a database say nothing where a list is cut. */
function checkUnread(command: Command): void {
  for (const name of ["sqlite", "cassandra", "cloudBundle", "from", "columns", "where", "only"]) {
    if (command.getOptionValueSource(name) !== "cli") continue;
    const option = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw new UsageError(
      `Cannot split as --list must be given without options of a database: received --${option}`,
      { option },
    );
  }
}

function pairs(option: string, text: string | undefined): Record<string, number> | undefined {
  if (text === undefined) return undefined;
  const names = new Set<string>();
  return Object.fromEntries(
    text.split(",").map((part) => {
      const [name, value, more] = part.split("=");
      const number = Number(value);
      const good = name && value && more === undefined && Number.isFinite(number);
      if (good && !names.has(name)) {
        names.add(name);
        return [name, number];
      }
      throw new UsageError(
        `Cannot split as --${option} must be different names and numbers, a=1,b=2: received "${part}"`,
        { option },
      );
    }),
  );
}

/** The classes and parts as a table for people. */
function table(split: SampleSplit): string {
  const counts = splitCounts(split);
  const sums = split.parts.map((_, i) => counts.reduce((sum, row) => sum + row.parts[i], 0));
  const rest = counts.reduce((sum, row) => sum + row.rest, 0);
  const rows = [
    ["class", ...split.parts, "none"],
    ...counts.map((row) => [
      row.className || (row.label < 0 ? "(none)" : String(row.label)),
      ...row.parts.map(String),
      String(row.rest),
    ]),
    ["all", ...sums.map(String), String(rest)],
  ];
  const widths = rows[0].map((_, i) => largest(rows.map((row) => row[i].length)));
  return rows
    .map((row) => row.map((cell, i) => i ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
    .map((row) => row.join("  ")).join("\n");
}
