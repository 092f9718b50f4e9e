/** Two rows of three: position' = row · (x, y, 1), in pixels from the upper left corner. */
export type Affine = [number, number, number, number, number, number];

/** Sine and cosine of an angle in degrees, exact for multiples of 90. */
function turn(degrees: number): { sin: number; cos: number } {
  const quarters = degrees / 90;
  if (Number.isInteger(quarters)) {
    const quarter = ((quarters % 4) + 4) % 4;
    return { sin: [0, 1, 0, -1][quarter], cos: [1, 0, -1, 0][quarter] };
  }
  const radians = degrees * Math.PI / 180;
  return { sin: Math.sin(radians), cos: Math.cos(radians) };
}

/**
 * Rotation about the origin.
 *
 * @param degrees Angle, counter-clockwise as one sees it (rows go down).
 * @returns The map.
 */
export function rotation(degrees: number): Affine {
  const { sin, cos } = turn(degrees);
  return [cos, sin, 0, -sin, cos, 0];
}

/**
 * Scaling about the origin.
 *
 * @param x Factor across.
 * @param y Factor down.
 * @returns The map.
 */
export function scaling(x: number, y: number): Affine {
  return [x, 0, 0, 0, y, 0];
}

/**
 * Shear about the origin.
 *
 * @param x What is added to x for each pixel down.
 * @param y What is added to y for each pixel across.
 * @returns The map.
 */
export function shearing(x: number, y: number): Affine {
  return [1, x, 0, y, 1, 0];
}

/**
 * Translation.
 *
 * @param x Pixels to the right.
 * @param y Pixels down.
 * @returns The map.
 */
export function translation(x: number, y: number): Affine {
  return [1, 0, x, 0, 1, y];
}

/**
 * One map after another.
 *
 * @param maps The maps; the last one is applied first.
 * @returns Their product.
 */
export function compose(...maps: readonly Affine[]): Affine {
  return maps.reduce(([a, b, c, d, e, f], [g, h, i, j, k, l]) => [
    a * g + b * j,
    a * h + b * k,
    a * i + b * l + c,
    d * g + e * j,
    d * h + e * k,
    d * i + e * l + f,
  ]);
}

/**
 * The map that undoes another.
 *
 * @param map A map whose determinant is not 0.
 * @returns Its inverse.
 */
export function invertMap([a, b, c, d, e, f]: Affine): Affine {
  const determinant = a * e - b * d;
  const inverse: Affine = [e, -b, b * f - c * e, -d, a, c * d - a * f];
  return inverse.map((value) => value / determinant) as Affine;
}
