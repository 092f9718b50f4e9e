/**
 * A linear change of colours: three rows of four, red', green', blue' = row · (red, green, blue, 1).
 *
 * Linear changes one after the other are one matrix, and they commute with resampling, as a
 * filter's weights add up to 1.
 */
export class ColourMatrix {
  /** The rows one after the other. */
  readonly rows: Float64Array = new Float64Array(12);

  /** Makes it the change that changes nothing. */
  reset(): void {
    this.rows.fill(0);
    this.rows[0] = this.rows[5] = this.rows[10] = 1;
  }

  /**
   * Adds a change of each channel by itself.
   *
   * @param factors Factor of red, green, blue.
   * @param offsets What is added after that.
   */
  scale(factors: ArrayLike<number>, offsets: ArrayLike<number>): void {
    for (let row = 0; row < 3; row++) {
      for (let i = 0; i < 4; i++) this.rows[row * 4 + i] *= factors[row];
      this.rows[row * 4 + 3] += offsets[row];
    }
  }

  /**
   * Adds a change that mixes the channels.
   *
   * @param rows Three rows of three factors, one after the other.
   * @param offset What is added to each channel after that.
   */
  multiply(rows: ArrayLike<number>, offset: number): void {
    const old = this.rows.slice();
    for (let row = 0; row < 3; row++) {
      for (let i = 0; i < 4; i++) {
        let sum = i === 3 ? offset : 0;
        for (let k = 0; k < 3; k++) sum += rows[row * 3 + k] * old[k * 4 + i];
        this.rows[row * 4 + i] = sum;
      }
    }
  }

  /**
   * Adds what another matrix does.
   *
   * @param next What is done after this.
   */
  then(next: ColourMatrix): void {
    const { rows } = next;
    const factors = [0, 1, 2].flatMap((row) => [...rows.subarray(row * 4, row * 4 + 3)]);
    this.multiply(factors, 0);
    for (let row = 0; row < 3; row++) this.rows[row * 4 + 3] += rows[row * 4 + 3];
  }

  /**
   * Changes one colour.
   *
   * @param colour Red, green, blue: set to the result.
   */
  change(colour: Float64Array): void {
    const [red, green, blue] = colour;
    for (let row = 0; row < 3; row++) {
      const [r, g, b, offset] = this.rows.subarray(row * 4, row * 4 + 4);
      colour[row] = r * red + g * green + b * blue + offset;
    }
  }
}
