import type { DatabaseSync } from "node:sqlite";
import { SchemaError } from "../errors.ts";
import { quote } from "./quote.ts";

/** A column of a table of SQLite. */
export interface SqliteColumn {
  /** Its name. */
  name: string;
  /** Its declared type; empty where it has none. */
  type: string;
}

/** Virtual columns of a table: each may name others twice, and SQLite writes them all out. */
const MOST_VIRTUAL = 8;

/** What `hidden` of `pragma_table_xinfo` says of a generated column that is not stored. */
const VIRTUAL = 2;

/** Functions that a view or a virtual column may use: their time is linear in what they read. */
const FUNCTIONS = new Set(
  ("abs cast coalesce hex ifnull iif instr json_extract -> ->> length likely lower ltrim max min " +
    "nullif octet_length round rtrim sign substr substring trim typeof unhex unicode unlikely upper")
    .split(" "),
);

/**
 * Finds the columns of a table or view, and refuses those that a file can make endless.
 *
 * Nothing of `node:sqlite` ends a query that runs, so what it will do is looked at before: a view
 * must be one SELECT that reads rows of one table, and may look up rows of others by a unique key.
 *
 * @param database The database.
 * @param path Path of its file, for messages.
 * @param table Name of the table.
 * @param task What cannot be done if it is refused, such as `read`.
 * @returns Its columns; none where there is no such table.
 * @throws {SchemaError} If it is a virtual table, or a view or a table of another kind than those.
 */
export function sqliteColumns(
  database: DatabaseSync,
  path: string,
  table: string,
  task: string,
): SqliteColumn[] {
  const found = database.prepare(
    "SELECT type, rootpage, sql FROM sqlite_schema WHERE name = ? COLLATE NOCASE " +
      "AND type IN ('table', 'view')",
  ).get(table);
  if (!found) return [];
  const refuse = (wanted: string, received: string): never => {
    throw new SchemaError(
      `Cannot ${task} ${found.type} "${table}" of ${path} as ${wanted}: received ${received}`,
      { option: "table" },
    );
  };
  const isView = found.type === "view";
  if (!isView && Number(found.rootpage) === 0) refuse("it must hold its rows", "a virtual table");
  if (isView) checkViewText(database, table, String(found.sql), refuse);
  const columns = database.prepare("SELECT name, type, hidden FROM pragma_table_xinfo(?)")
    .all(table).map(({ name, type, hidden }) => ({
      name: String(name),
      type: String(type),
      hidden,
    }));
  const virtual = columns.filter(({ hidden }) => hidden === VIRTUAL).length;
  if (virtual > MOST_VIRTUAL) {
    refuse(`at most ${MOST_VIRTUAL} of its columns may be generated and not stored`, `${virtual}`);
  }
  if (isView || virtual > 0) checkFunctions(database, String(found.sql), refuse);
  if (isView) checkPlan(database, `SELECT * FROM ${quote(table)}`, refuse);
  return columns.map(({ name, type }) => ({ name, type }));
}

type Refuse = (wanted: string, received: string) => never;

/** Views are written out as SQLite names their columns: 60 that name one another never end. */
function checkViewText(
  database: DatabaseSync,
  view: string,
  sql: string,
  refuse: Refuse,
): void {
  const words = wordsOf(sql);
  const count = (keyword: string) =>
    words.filter(({ word, quoted }) => !quoted && word === keyword).length;
  if (count("select") !== 1) refuse("it must be one SELECT", `${count("select")}`);
  for (const keyword of ["with", "values", "group", "window", "over"]) {
    if (count(keyword) > 0) refuse("it must be one plain SELECT", keyword.toUpperCase());
  }
  const used = new Set(words.map(({ word }) => word));
  used.delete(view.toLowerCase());
  const others = database.prepare(
    "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND rootpage = 0",
  ).all().map(({ name }) => String(name));
  const other = others.find((name) => used.has(name.toLowerCase()));
  if (other !== undefined) refuse("it must read tables that hold their rows", `"${other}"`);
}

/** SQLite asks for no leave to call what stands in a table, so the text is looked at. */
function checkFunctions(database: DatabaseSync, sql: string, refuse: Refuse): void {
  const all = new Set(
    database.prepare("SELECT name FROM pragma_function_list").all().map(({ name }) => name),
  );
  for (const { word, quoted, called } of wordsOf(sql)) {
    const isMatch = !quoted && MATCHES.includes(word);
    if (!isMatch && (!called || !all.has(word) || FUNCTIONS.has(word))) continue;
    refuse("it may use functions of linear time alone", word);
  }
}

/** Operators that try a pattern at all places. */
const MATCHES = ["like", "glob", "match", "regexp"];

interface Word {
  /** A name or a keyword, in lower case. */
  word: string;
  quoted: boolean;
  /** Whether a parenthesis follows. */
  called: boolean;
}

/** Takes a statement apart; comments and texts are left out. */
function wordsOf(sql: string): Word[] {
  const token =
    /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:[^']|'')*'|"((?:[^"]|"")*)"|`((?:[^`]|``)*)`|\[([^\]]*)\]|([\p{L}_$][\p{L}\p{N}_$]*)|(\()|[^\s]/gu;
  const words: Word[] = [];
  let last: Word | undefined;
  for (const [all, double, back, square, bare, open] of sql.matchAll(token)) {
    if (all.startsWith("--") || all.startsWith("/*")) continue;
    if (open && last) last.called = true;
    const name = double?.replaceAll('""', '"') ?? back?.replaceAll("``", "`") ?? square;
    const word = (name ?? bare)?.toLowerCase();
    last = word === undefined ? undefined : { word, quoted: name !== undefined, called: false };
    if (last) words.push(last);
  }
  return words;
}

/** The step that sorts the rows of a view. */
const SORT = "USE TEMP B-TREE FOR ORDER BY";

/** What SQLite would do: one table is gone through, and in others unique keys are looked up. */
function checkPlan(database: DatabaseSync, select: string, refuse: Refuse): void {
  const steps = database.prepare(`EXPLAIN QUERY PLAN ${select}`).all()
    .map(({ detail }) => String(detail));
  const scans = steps.filter((step) => /^SCAN (?!.*VIRTUAL TABLE)/.test(step));
  for (const step of steps) {
    if (scans[0] === step || step === SORT || isUniqueSearch(database, step)) continue;
    refuse(
      "it must go through one table, and look up rows of others by a unique key",
      `the step ${step}`,
    );
  }
  if (scans.length > 1) refuse("it must go through one table", scans.join(", "));
}

function isUniqueSearch(database: DatabaseSync, step: string): boolean {
  if (/^SEARCH .* USING INTEGER PRIMARY KEY \(rowid=\?\)/.test(step)) return true;
  const found = /^SEARCH .* USING (?:COVERING )?INDEX (.*) \(([^()]*)\)(?: LEFT-JOIN)?$/.exec(step);
  if (!found) return false;
  const [, index, terms] = found;
  const unique = database.prepare(
    "SELECT 1 FROM sqlite_schema AS s, pragma_index_list(s.tbl_name) AS l WHERE s.type = 'index' " +
      'AND s.name = ?1 AND l.name = ?1 AND l."unique" AND NOT l.partial',
  ).get(index);
  const { n } = database.prepare("SELECT count(*) AS n FROM pragma_index_info(?)").get(index)!;
  return unique !== undefined && terms.split(" AND ").length === n && !/[<>]/.test(terms);
}
