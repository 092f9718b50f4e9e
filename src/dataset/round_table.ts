/** Sums of shares are off by less than this. */
const EPSILON = 1e-9;

/**
 * Rounds numbers so that they have a given sum: largest remainders first (Hamilton's method).
 *
 * @param values The numbers, from 0 on.
 * @param total Their sum, a whole number.
 * @returns Whole numbers, each less than one off.
 */
export function roundToSum(values: readonly number[], total: number): number[] {
  const whole = values.map(floor);
  let left = total - sum(whole);
  const order = values.map((_, i) => i)
    .sort((a, b) => values[b] - whole[b] - (values[a] - whole[a]) || a - b);
  for (const i of order) if (left-- > 0) whole[i]++;
  return whole;
}

/**
 * Rounds a table so that its rows and columns have given sums (controlled rounding: Cox, "A
 * Constructive Procedure for Unbiased Controlled Rounding", JASA 1987). What is left of the rows
 * goes to the columns as in a table of zeros and ones (Ryser, "Combinatorial Properties of Matrices
 * of Zeros and Ones", 1957): each column takes from the rows that have most left.
 *
 * @param table Numbers from 0 on, row by row.
 * @param rowSums Sum of each row, whole numbers.
 * @param columnSums Sum of each column, whole numbers; all of them are as much as all of the rows'.
 * @returns Whole numbers with these sums, each about one off at most.
 */
export function roundTable(
  table: readonly (readonly number[])[],
  rowSums: readonly number[],
  columnSums: readonly number[],
): number[][] {
  const whole = table.map((row) => row.map(floor));
  const rest = (row: number, column: number) => table[row][column] - whole[row][column];
  // A table whose own sums are larger than those that are wanted gives way where it has most.
  columnSums.forEach((wanted, column) => {
    for (let over = sum(whole.map((row) => row[column])) - wanted; over > 0; over--) {
      whole.reduce((most, row) => (row[column] > most[column] ? row : most))[column]--;
    }
  });
  const left = whole.map((row, r) => rowSums[r] - sum(row));
  columnSums.forEach((wanted, column) => {
    let lacking = wanted - sum(whole.map((row) => row[column]));
    const order = left.map((_, row) => row)
      .sort((a, b) => left[b] - left[a] || rest(b, column) - rest(a, column) || a - b);
    for (let given = true; lacking > 0 && given;) {
      given = false;
      for (const row of order) {
        if (lacking === 0 || left[row] <= 0) continue;
        whole[row][column]++;
        left[row]--;
        lacking--;
        given = true;
      }
    }
  });
  return whole;
}

function floor(value: number): number {
  return Math.floor(value + EPSILON);
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}
