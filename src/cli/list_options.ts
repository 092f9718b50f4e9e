import { type Command, Option } from "commander";
import { scanCassandraRows } from "../dataset/list_cassandra.ts";
import { type ListSelection, scanSqlite } from "../dataset/list.ts";
import { ListBuilder, type SampleList } from "../dataset/list_builder.ts";
import { classTable } from "../dataset/schema.ts";
import type { RowSink } from "../dataset/row_buffer.ts";
import { warn } from "./say.ts";
import { OnlyConditions } from "./only.ts";
import {
  addTargetOptions,
  checkTarget,
  collect,
  connection,
  type TargetOptions,
} from "./target.ts";

/** What the command line says of a list. */
export interface ListFlags extends TargetOptions {
  /** Which table is listed. */
  from: "metadata" | "data";
  /** More columns. */
  columns?: string;
  /** Condition for the database. */
  where?: string;
  /** Conditions that are checked here. */
  only?: string[];
}

/** The column that is taken for labels if it is there, and of integers. */
const LABEL = "label";

/**
 * Adds the options that say what is listed.
 *
 * @param command The command to add them to.
 * @returns The same command.
 */
export function addListOptions(command: Command): Command {
  return addTargetOptions(command)
    .addOption(
      new Option("--from <table>", "list the metadata table, or the data table itself")
        .choices(["metadata", "data"]).default("metadata"),
    )
    .option("--columns <names>", "more columns to list, with commas between them")
    .option("--where <condition>", "rows to list, in the database's language: label < 10")
    .option(
      "--only <column=values>",
      "rows to list, checked here: class=cat,dog",
      collect,
    );
}

/**
 * Lists the samples of a data set as the command line says.
 *
 * @param flags What it says.
 * @returns The list.
 * @throws {UsageError} If the options name no data set, or two.
 */
export async function openList(flags: TargetOptions & Partial<ListFlags>): Promise<SampleList> {
  let builder: ListBuilder | undefined;
  await listRows(flags, (columns) => builder = new ListBuilder(columns));
  return builder!.build();
}

/**
 * Reads the rows that the command line says.
 *
 * @param flags What it says.
 * @param open Makes what takes the rows, for the columns of these names.
 * @returns Once all rows are taken.
 * @throws {UsageError} If the options name no data set, or two, or `--only` leaves no row.
 */
export async function listRows(
  flags: TargetOptions & Partial<ListFlags>,
  open: (columns: readonly string[]) => RowSink,
): Promise<void> {
  const only = new OnlyConditions(flags.only ?? []);
  const selection = selectionOf(flags, only);
  const ofData = flags.from === "data";
  const label = ofData ? flags.labelColumn : flags.metadataLabelColumn;
  const columns = {
    idColumn: ofData ? flags.idColumn : flags.metadataIdColumn,
    labelType: flags.labelType,
    classTable: classTable(flags),
    ...(flags.labelType === "int" && label !== LABEL ? { labelColumn: label } : {}),
  };
  const table = listedTable(flags);
  const target = checkTarget(flags);
  const sink = open(selection.columns ?? []);
  if (target === "sqlite") scanSqlite(flags.sqlite!, { ...selection, ...columns, table }, sink);
  else {
    await scanCassandraRows(
      { ...connection(flags), ...selection, ...columns, table: `${flags.keyspace}.${table}` },
      sink,
    );
  }
  if (!only.isEmpty) only.check(warn);
}

/**
 * Which table the command line says.
 *
 * @param flags What it says.
 * @returns Its name.
 */
export function listedTable(flags: TargetOptions & Partial<ListFlags>): string {
  return flags.from === "data" ? flags.dataTable : flags.metadataTable;
}

function selectionOf(
  { columns, where }: Partial<ListFlags>,
  only: OnlyConditions,
): ListSelection {
  const names = columns?.split(",").map((name) => name.trim()) ?? [];
  for (const column of only.columns) if (!names.includes(column)) names.push(column);
  if (only.isEmpty) return { columns: names, where };
  return { columns: names, where, filter: (row) => only.accepts(row, names) };
}
