import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { UsageError } from "../errors.ts";
import { checkDrawn, type Drawn } from "./drawn.ts";
import {
  type BoundOperator,
  describe,
  type Given,
  type Json,
  type Operator,
  type OperatorKind,
} from "./operator.ts";
import { checkNames, optionsOf, show } from "./parameters.ts";
import type { UserKernel } from "./user_kernel.ts";

/** Options of {@linkcode wgslOp}. */
export interface WgslOpOptions {
  /** WGSL that has the function `operate`, and whatever else it needs. */
  code: string;
  /** Numbers that `operate` gets, by name; `[low, high]` is drawn for each sample. At most 16. */
  params?: { readonly [name: string]: Drawn };
  /** What `Augmenter.describe` calls it; `"wgslOp"` when left out. */
  title?: string;
}

const MOST_PARAMS = 16;
const IDENTIFIER = /^[a-z][a-z0-9_]*$/i;
const LANES = ["x", "y", "z", "w"];

/** What {@linkcode wgslOp} makes, for the table of operators. */
export const wgslOpKind: OperatorKind = { name: "wgslOp", stream: 35, bind };

/**
 * An operator of one's own, in WGSL. It is a pass of its own; what comes after it and only changes
 * colours is fused into it.
 *
 * `code` has a function `fn operate(colour: vec3<f32>, at: vec2<i32>, params: Params) -> vec3<f32>`: from a
 * pixel's red, green and blue (0–255, not clamped) and its column and row to its new colour. It may use
 * - `params.NAME`, an f32, for each name in `params`;
 * - `pixel(at: vec2<i32>) -> vec3<f32>`, another pixel's colour; beyond the border the outermost goes on;
 * - `image_size() -> vec2<i32>`, columns and rows;
 * - `random_uniform(seed: vec4<u32>) -> vec4<f32>` and `random_normal(seed: vec4<u32>) -> vec3<f32>`, pure
 *   functions of the seed: give them the column, the row, and a parameter that is drawn.
 *
 * @param options Code and parameters.
 * @returns The operator. With `fixed` one that has a drawn parameter is not done.
 * @throws {UsageError} If an option is wrong. WGSL that does not compile is a `UsageError` of the
 * `Augmenter` that first compiles it.
 * @example
 * ```ts
 * import { Augmenter, requestDevice, resize, wgslOp } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * const vignette = wgslOp({
 *   title: "vignette",
 *   code: `
 *     fn operate(colour: vec3<f32>, at: vec2<i32>, params: Params) -> vec3<f32> {
 *       let middle = 0.5 * vec2<f32>(image_size() - 1);
 *       let away = (vec2<f32>(at) - middle) / middle;
 *       return colour * (1.0 - params.strength * dot(away, away) / 2.0);
 *     }`,
 *   params: { strength: [0.2, 0.8] },
 * });
 * const device = await requestDevice();
 * using augmenter = new Augmenter(device, [resize(64), vignette]);
 * await augmenter.warmUp();
 * assertEquals(
 *   augmenter.describe(),
 *   "1. resize: u8 pixels → f32 pixels\n2. vignette: f32 pixels → NCHW f32",
 * );
 * device.destroy();
 * ```
 */
export function wgslOp(options: WgslOpOptions): Operator {
  return describe(wgslOpKind, { ...optionsOf("wgslOp", options) });
}

function bind(given: Given): BoundOperator {
  checkNames("wgslOp", given, ["code", "params", "title"]);
  const { code, params = {}, title = "wgslOp" } = given;
  if (typeof code !== "string" || !/\bfn\s+operate\b/.test(code)) {
    throw new UsageError(
      `Cannot make wgslOp as code must be WGSL with a function operate: received ${show(code)}`,
      { option: "code" },
    );
  }
  if (typeof title !== "string") {
    throw new UsageError(
      `Cannot make wgslOp as title must be a string: received ${show(title)}`,
      { option: "title" },
    );
  }
  if (typeof params !== "object" || params === null || Array.isArray(params)) {
    throw new UsageError(
      `Cannot make wgslOp as params must be numbers by name: received ${show(params)}`,
      { option: "params" },
    );
  }
  const names = Object.keys(params);
  const wrong = names.find((name) => !IDENTIFIER.test(name));
  if (wrong !== undefined || names.length > MOST_PARAMS) {
    throw new UsageError(
      `Cannot make wgslOp as params must be at most ${MOST_PARAMS} WGSL names: received ${
        show(wrong ?? names)
      }`,
      { option: "params" },
    );
  }
  const drawn = Object.entries(params).map(([name, value]) =>
    checkDrawn("wgslOp", `params.${name}`, value, 0)
  );
  const values: Record<string, Json> = {};
  names.forEach((name, i) => values[name] = drawn[i].value);
  const random = drawn.some(({ value }) => typeof value !== "number");
  const user = userKernel(code, names);
  return {
    parameters: { code, params: values, title },
    title,
    apply(chain, numbers) {
      if (chain.fixed && random) return;
      const pass = chain.pass("user");
      pass.user = user;
      drawn.forEach((parameter, i) => pass.numbers[i] = parameter.draw(chain, numbers));
    },
  };
}

function userKernel(code: string, names: readonly string[]): UserKernel {
  // WGSL has no empty structs.
  const members = names.length > 0 ? names : ["unused"];
  const fields = members.map((name) => `  ${name}: f32,\n`).join("");
  const values = members.map((_, i) => `samples[current].arguments[${i >> 2}].${LANES[i & 3]}`)
    .join(", ");
  const text = `struct Params {\n${fields}}\n` +
    `fn read_params() -> Params {\n  return Params(${values});\n}\n${code}\n`;
  const hash = bytesToHex(sha256(new TextEncoder().encode(text)));
  return { key: hash.slice(0, 32), code: text };
}
