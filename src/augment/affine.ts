import { largest, smallest } from "../extremes.ts";
import { UsageError } from "../errors.ts";
import { checkColor, checkDrawn, type Color, type Drawn, type DrawnParameter } from "./drawn.ts";
import { checkResampling, RESAMPLE_OPTIONS, type ResampleOptions } from "./geometry.ts";
import {
  type BoundOperator,
  describe,
  type Given,
  type Json,
  type Operator,
  type OperatorKind,
  type Size,
} from "./operator.ts";
import { checkNames, checkNumber, checkSize, optionsOf, show } from "./parameters.ts";
import { compose, invertMap, rotation, scaling, shearing, translation } from "./transform.ts";

/** A number for both axes, or one for each; either may be `[low, high]`, drawn for each sample. */
export type PerAxis = Drawn | { readonly x?: Drawn; readonly y?: Drawn };

/** Options of {@linkcode affine}. */
export interface AffineOptions extends ResampleOptions {
  /** Rotation in degrees, counter-clockwise; 0 when left out. */
  angle?: Drawn;
  /** Translation in pixels, to the right and down; 0 when left out. */
  translate?: PerAxis;
  /** Translation in shares of the image's width and height, added to the one in pixels. */
  translateShare?: PerAxis;
  /** Factors; 1 when left out. One number, drawn once, is both. */
  scale?: PerAxis;
  /**
   * What is added to x for each pixel down, and to y for each pixel across, whose product must not come
   * to 1; a number is x alone.
   */
  shear?: PerAxis;
  /** What stays in place, in pixels from the upper left corner; the image's centre when left out. */
  center?: readonly [number, number];
  /** Width and height of the result in pixels; those of the image when left out. */
  size?: Size;
  /** Colour beyond the image, 0–255; the outermost pixels go on when left out. */
  fillValue?: Color | null;
}

const OPTIONS = [
  "angle",
  "translate",
  "translateShare",
  "scale",
  "shear",
  "center",
  "size",
  "fillValue",
  ...RESAMPLE_OPTIONS,
];

/** What {@linkcode affine} makes, for the table of operators. */
export const affineKind: OperatorKind = { name: "affine", stream: 11, bind };

/**
 * Scales, shears, rotates and moves the image in one resampling: DALI's `fn.warp_affine` with
 * `fn.transforms.scale`, `shear`, `rotation`, `translation`, in this order.
 *
 * A point p of the image goes to centre + translate + R · H · S · (p - centre), with S = diag(scale),
 * H = (1 shear.x; shear.y 1), and R the rotation. torchvision's `RandomAffine` has shear in degrees
 * (shear here is its tangent). Where the image gets smaller the filter is stretched, up to 16 times.
 *
 * @param options What is done; all are drawn apart.
 * @returns The operator. With `fixed` what is drawn does nothing.
 * @throws {UsageError} If an option is wrong.
 * @example
 * ```ts
 * import { affine } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * const operator = affine({ angle: [-10, 10], scale: [0.9, 1.1], shear: { x: [-0.1, 0.1] } });
 * assertEquals(operator.parameters.scale, [0.9, 1.1]);
 * ```
 */
export function affine(options: AffineOptions): Operator {
  return describe(affineKind, { ...optionsOf("affine", options) });
}

interface Axes {
  json: Json;
  x: DrawnParameter;
  /** Undefined: the same as x, drawn once. */
  y?: DrawnParameter;
}

function axes(option: string, value: unknown, neutral: number): Axes {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    checkNames("affine", value, ["x", "y"]);
    const given = value as { x?: unknown; y?: unknown };
    const x = checkDrawn("affine", `${option}.x`, given.x, neutral);
    const y = checkDrawn("affine", `${option}.y`, given.y, neutral);
    return { json: { x: x.value, y: y.value }, x, y };
  }
  const both = checkDrawn("affine", option, value, neutral);
  return { json: both.value, x: both };
}

/** How near to 1 the product of two shears must not come, as both axes fall together there. */
const LEAST_SINGULAR = 1e-6;

/** Throws if the product of both shears may be 1, which would make a line of the image. */
function checkShear({ x, y }: Axes, given: unknown): void {
  if (!y) return;
  const products = [x.value].flat().flatMap((a) => [y.value].flat().map((b) => a * b));
  const least = smallest(products), most = largest(products);
  if (most < 1 - LEAST_SINGULAR || least > 1 + LEAST_SINGULAR) return;
  throw new UsageError(
    `Cannot make affine as shear.x · shear.y must not come to 1: received ${show(given)}`,
    { option: "shear" },
  );
}

function bind(given: Given): BoundOperator {
  checkNames("affine", given, OPTIONS);
  const angle = checkDrawn("affine", "angle", given.angle, 0);
  const pixels = axes("translate", given.translate, 0);
  const share = axes("translateShare", given.translateShare, 0);
  const scale = axes("scale", given.scale, 1);
  const shear = axes("shear", given.shear, 0);
  for (const { value } of [scale.x, scale.y ?? scale.x]) {
    if ([value].flat().some((factor) => factor <= 0)) {
      throw new UsageError(
        `Cannot make affine as scale must be above 0: received ${show(given.scale)}`,
        { option: "scale" },
      );
    }
  }
  checkShear(shear, given.shear);
  const center = given.center as unknown[] | undefined;
  if (center !== undefined && !(Array.isArray(center) && center.length === 2)) {
    throw new UsageError(
      `Cannot make affine as center must be [x, y]: received ${show(center)}`,
      { option: "center" },
    );
  }
  const fixedCentre = center?.map((value) => checkNumber("affine", "center", value));
  const size = given.size === undefined ? undefined : checkSize("affine", given.size);
  const fill = given.fillValue === undefined || given.fillValue === null
    ? null
    : checkColor("affine", "fillValue", given.fillValue);
  const { options, resampling } = checkResampling("affine", given);
  const parameters: Record<string, Json> = {
    angle: angle.value,
    translate: pixels.json,
    translateShare: share.json,
    scale: scale.json,
    shear: shear.json,
    fillValue: fill,
    ...options,
  };
  if (fixedCentre) parameters.center = fixedCentre;
  if (size) parameters.size = size;
  return {
    parameters,
    title: "affine",
    filters: [resampling.min, resampling.mag],
    apply(chain, random) {
      const draw = ({ x, y }: Axes): [number, number] => {
        const first = x.draw(chain, random);
        return [first, y ? y.draw(chain, random) : first];
      };
      const degrees = angle.draw(chain, random);
      const [moveX, moveY] = draw(pixels);
      const [shareX, shareY] = draw(share);
      const [scaleX, scaleY] = draw(scale);
      const [shearX, second] = draw(shear);
      const shearY = shear.y ? second : 0;
      const [x, y] = fixedCentre ?? [chain.width / 2, chain.height / 2];
      const forward = compose(
        translation(x + moveX + shareX * chain.width, y + moveY + shareY * chain.height),
        rotation(degrees),
        shearing(shearX, shearY),
        scaling(scaleX, scaleY),
        translation(-x, -y),
      );
      const { width, height } = size ?? chain;
      const same = width === chain.width && height === chain.height;
      if (same && forward.every((value, i) => value === (i % 4 === 0 ? 1 : 0))) return;
      chain.warp(invertMap(forward), width, height, resampling, fill);
    },
  };
}
