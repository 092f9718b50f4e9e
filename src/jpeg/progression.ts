import { JpegFault } from "./fault.ts";
import type { JpegComponent, ScanKind } from "./frame.ts";

/** Place of the last coefficient of a block, in zigzag order. */
export const LAST_COEFFICIENT = 63;
const COEFFICIENTS = LAST_COEFFICIENT + 1;
/** Largest shift of coefficients that libjpeg-turbo takes. */
const MOST_SHIFT = 13;
/** Nothing of a coefficient is known. */
const UNKNOWN = -1;
/** Coefficients that block smoothing looks at. */
const SMOOTHED = 10;

/** What a scan codes of its blocks. */
export interface ScanBand {
  /** What it codes. */
  readonly kind: ScanKind;
  /** First coefficient, in zigzag order. */
  readonly first: number;
  /** Last coefficient. */
  readonly last: number;
  /** Bits by which the coefficients are shifted. */
  readonly shift: number;
  /** What libjpeg-turbo would warn of. */
  readonly warnings: string[];
}

/**
 * What is known of each coefficient, scan by scan: the number of low bits that are still to come
 * (libjpeg-turbo's `coef_bits`, jdphuff.c).
 */
export class Progression {
  readonly #components: readonly JpegComponent[];
  readonly #bits: Int8Array[];

  /** @param components The components of the frame. */
  constructor(components: readonly JpegComponent[]) {
    this.#components = components;
    this.#bits = components.map(() => new Int8Array(COEFFICIENTS).fill(UNKNOWN));
  }

  /**
   * Checks the parameters of one more scan (ITU-T T.81, G.1.1.1) as libjpeg-turbo does: what cannot be
   * is refused, what comes in a wrong order is a warning.
   *
   * @param components The components that it codes, as places in the frame.
   * @param first First coefficient, in zigzag order.
   * @param last Last coefficient.
   * @param approximation Bit positions before and of this scan, 4 bits each.
   * @returns What it codes.
   * @throws {JpegFault} If it is not possible.
   */
  scan(
    components: readonly number[],
    first: number,
    last: number,
    approximation: number,
  ): ScanBand {
    const before = approximation >> 4;
    const shift = approximation & 15;
    const dc = first === 0;
    const bandFits = dc
      ? last === 0
      : first <= last && last <= LAST_COEFFICIENT && components.length === 1;
    if (!bandFits || (before !== 0 && shift !== before - 1) || shift > MOST_SHIFT) {
      throw new JpegFault(
        "corrupt",
        `its progressive scan must code DC, or AC of one component, each bit after the one above: received ${components.length} components, coefficients ${first} to ${last}, bits ${before} to ${shift}`,
      );
    }
    const warnings: string[] = [];
    for (const component of components) {
      const bits = this.#bits[component];
      const { id } = this.#components[component];
      if (!dc && bits[0] === UNKNOWN) {
        warnings.push(
          `its component ${id} must have a scan of DC before its scans of AC: received none`,
        );
      }
      let wrong = -1;
      for (let k = first; k <= last; k++) {
        if (before !== Math.max(bits[k], 0) && wrong < 0) wrong = k;
      }
      if (wrong >= 0) {
        warnings.push(
          `its scans must code each bit of coefficient ${wrong} of component ${id} once, in order: received bits from ${before} where ${
            Math.max(bits[wrong], 0)
          } are left`,
        );
      }
      bits.fill(shift, first, last + 1);
    }
    const kind = dc
      ? before === 0 ? "dc first" : "dc refine"
      : before === 0
      ? "ac first"
      : "ac refine";
    return { kind, first, last, shift, warnings };
  }

  /**
   * What libjpeg-turbo's block smoothing needs to know (jdcoefct.c, smoothing_ok).
   *
   * @returns Per component the unknown bits of coefficients 0 to 9; undefined where there is nothing
   * to smooth.
   */
  unknownBits(): Int8Array[] | undefined {
    let incomplete = false;
    for (const [i, { quant }] of this.#components.entries()) {
      const bits = this.#bits[i];
      if (!quant || bits[0] === UNKNOWN) return undefined;
      for (let k = 0; k < SMOOTHED; k++) {
        if (quant.values[k] === 0) return undefined;
        incomplete ||= k > 0 && bits[k] !== 0;
      }
    }
    return incomplete ? this.#bits.map((bits) => bits.slice(0, SMOOTHED)) : undefined;
  }
}
