import { cut } from "./crop.ts";
import {
  type BoundOperator,
  describe,
  type Given,
  type Operator,
  type OperatorKind,
  type Size,
} from "./operator.ts";
import { checkSize } from "./parameters.ts";

/** What {@linkcode randomCrop} makes, for the table of operators. */
export const randomCropKind: OperatorKind = { name: "randomCrop", stream: 8, bind };

/**
 * Cuts a window out at a random place: DALI's `fn.crop` with uniform `crop_pos_x` and `crop_pos_y`.
 *
 * Every place in whole pixels is as likely. With `fixed` the window is in the middle. To crop from
 * beyond the border as torchvision's `RandomCrop(padding)` does, put {@linkcode pad} before it.
 *
 * @param size Width and height of the window in pixels; one number is both.
 * @returns The operator. An image that is smaller than the window is a `ShapeError`.
 * @throws {UsageError} If the size is wrong.
 * @example
 * ```ts
 * import { pad, randomCrop } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * const cifar = [pad(4), randomCrop(32)];
 * assertEquals(cifar[1].parameters, { width: 32, height: 32 });
 * ```
 */
export function randomCrop(size: Size): Operator {
  return describe(randomCropKind, checkSize("randomCrop", size));
}

function bind(given: Given): BoundOperator {
  const { width, height } = checkSize("randomCrop", given);
  return {
    parameters: { width, height },
    title: "randomCrop",
    apply(chain, random) {
      if (chain.fixed || chain.width < width || chain.height < height) {
        cut("randomCrop", chain, width, height, 0.5, 0.5);
        return;
      }
      const x = random.below(chain.width - width + 1);
      chain.crop(x, random.below(chain.height - height + 1), width, height);
    },
  };
}
