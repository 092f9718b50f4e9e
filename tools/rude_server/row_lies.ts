/** Lies in the rows of results. */
import { Body, cell, type Rows, rowsBody } from "./frames.ts";
import { HUGE, intBody, type NamedLie, rows } from "./named_lie.ts";

/** The definition of one column, as far as its type. */
function column(body: Body, name: string, type: number): Body {
  return body.string("rude").string("data").string(name).short(type);
}

/** Lies in rows, columns, types, counts and lengths. */
export const inRows: NamedLie[] = [
  rows("a cell of the last row is lacking", (r) => ({
    ...r,
    cells: r.cells.map((row, i) => i === r.cells.length - 1 ? row.slice(0, -1) : row),
  })),
  rows("rows are told that do not come", (r) => ({ ...r, rowCount: r.cells.length + 5 })),
  rows("two billion rows", (r) => ({ ...r, rowCount: HUGE })),
  rows("two billion rows of no columns", () => intBody(2, 0, 0, HUGE)),
  rows("a negative number of rows", (r) => ({ ...r, rowCount: -7 })),
  rows("a column too few", (r) => ({
    ...r,
    columns: r.columns.slice(0, 1),
    cells: r.cells.map((row) => row.slice(0, 1)),
  })),
  rows("a column too many", (r) => ({
    ...r,
    columns: [...r.columns, { name: "more", type: "int" }],
    cells: r.cells.map((row) => [...row, cell("int", 1)]),
  })),
  rows("columns in another order", (r) => ({
    ...r,
    columns: r.columns.toReversed(),
    cells: r.cells.map((row) => row.toReversed()),
  })),
  rows("columns of other names", (r) => ({
    ...r,
    columns: r.columns.map((each, i) => ({ ...each, name: `other${i}` })),
  })),
  rows("no columns told, though they were asked for", (r) => ({ ...r, noMetadata: true })),
  rows(
    "a label of type text",
    (r) => retyped(r, "int", "text", () => new TextEncoder().encode("3")),
  ),
  rows("a label of type float", (r) => retyped(r, "int", "float", () => intBody(0x40400000))),
  rows("a label of type bigint", (r) => retyped(r, "int", "bigint", () => intBody(0, 3))),
  rows("a label of eight bytes", (r) => retyped(r, "int", "int", () => intBody(0, 3))),
  rows("a label of one byte", (r) => retyped(r, "int", "int", () => Uint8Array.of(3))),
  rows("data of type text", (r) => retyped(r, "blob", "text", (bytes) => bytes)),
  rows("two billion columns", (r) => ({ ...r, columnCount: HUGE })),
  rows("a negative number of columns", (r) => ({ ...r, columnCount: -1 })),
  rows("a column of type list in a list in a list …", () => {
    const body = new Body().int(2).int(1).int(1).string("rude").string("data").string("data");
    const lists = Uint8Array.from({ length: 100_000 }, (_, i) => i % 2 * 0x20);
    return body.raw(lists).done();
  }),
  rows(
    "a custom type without its name",
    () => column(new Body().int(2).int(0).int(1), "data", 0).done(),
  ),
  rows("a cell longer than its frame", (r) => lengthened(r, 50_000)),
  rows("a cell of two billion bytes", (r) => lengthened(r, HUGE)),
  rows("a cell of negative length", (r) => lengthened(r, -100)),
  rows("a cell that is not set", (r) => lengthened(r, -2)),
  rows("two rows for one id", (r) => ({ ...r, cells: [...r.cells, ...r.cells] })),
  rows("bytes after the last row", (r) => ({ ...r, rowCount: 0 })),
  rows("a result of unknown kind", () => intBody(77)),
  rows("a result without rows", () => intBody(1)),
  rows("a keyspace in place of rows", () => new Body().int(3).string("other").done()),
  rows(
    "a schema change in place of rows",
    () => new Body().int(5).string("DROPPED").string("TABLE").string("rude").string("data").done(),
  ),
  rows(
    "a statement in place of rows",
    () => new Body().int(4).short(0).int(0).int(0).int(0).done(),
  ),
  rows("an empty result", () => new Uint8Array()),
  rows(
    "pages without end, each the same",
    (r) => ({ ...r, pageState: Uint8Array.of(1, 2, 3) }),
    "either",
  ),
  rows(
    "a page state longer than its frame",
    () => new Body().int(2).int(2).int(1).int(9_999).done(),
  ),
];

function retyped(
  rows: Rows,
  from: Rows["columns"][number]["type"],
  type: Rows["columns"][number]["type"],
  value: (bytes: Uint8Array) => Uint8Array,
): Rows {
  const places = rows.columns.map((each) => (each.was ?? each.type) === from);
  return {
    ...rows,
    columns: rows.columns.map((each, i) => places[i] ? { ...each, type } : each),
    cells: rows.cells.map((row) => row.map((each, i) => places[i] && each ? value(each) : each)),
  };
}

/** The length of the first row's blob, or of its first cell, is another than that of its bytes. */
function lengthened(rows: Rows, length: number): Uint8Array {
  const body = new Body();
  const cells = rows.cells.flat();
  const at = Math.max(0, rows.columns.findIndex(({ type, was }) => type === "blob" && !was));
  const all = { ...rows, cells: [], rowCount: rows.cells.length };
  return body.raw(headOf(all)).raw(cellsOf(cells.slice(0, at))).int(length)
    .raw(cells[at] ?? new Uint8Array()).raw(cellsOf(cells.slice(at + 1))).done();
}

function cellsOf(cells: (Uint8Array | null)[]): Uint8Array {
  const body = new Body();
  for (const each of cells) body.bytes(each);
  return body.done();
}

function headOf(rows: Rows): Uint8Array {
  // A result without cells is all that stands before them.
  return rowsBody(rows);
}
