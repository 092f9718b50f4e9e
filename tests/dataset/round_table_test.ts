import { assert, assertEquals } from "@std/assert";
import { roundTable, roundToSum } from "../../src/dataset/round_table.ts";

const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);

Deno.test("numbers are rounded to their sum, the largest remainders up", () => {
  assertEquals(roundToSum([1.2, 2.7, 3.1], 7), [1, 3, 3]);
  assertEquals(roundToSum([0.5, 0.5], 1), [1, 0]);
  // What shares make of a whole number is one.
  assertEquals(roundToSum([(0.1 + 0.2) * 10, 7], 10), [3, 7]);
  assertEquals(roundToSum([], 0), []);
});

Deno.test("a table is rounded so that rows and columns keep their sums", () => {
  let state = 7;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  for (let round = 0; round < 500; round++) {
    const shares = Array.from({ length: 1 + Math.floor(random() * 6) }, random);
    const rows = Array.from({ length: 1 + Math.floor(random() * 9) }, () => 1 + random() * 30 | 0);
    const table = rows.map((row) => shares.map((share) => row * share / sum(shares)));
    const columns = roundToSum(shares.map((share) => sum(rows) * share / sum(shares)), sum(rows));
    const rounded = roundTable(table, rows, columns);
    assertEquals(rounded.map(sum), rows);
    assertEquals(columns.map((_, c) => sum(rounded.map((row) => row[c]))), columns);
    rounded.forEach((row, r) =>
      row.forEach((value, c) => {
        assert(value >= 0 && Math.abs(value - table[r][c]) < 2, `${value} for ${table[r][c]}`);
      })
    );
  }
  assertEquals(roundTable([], [], [0, 0]), []);
});
