import { ShapeError, UsageError } from "../errors.ts";
import type { DType, GpuTensor, Layout } from "../gpu/tensor.ts";
import type { MaskTensor } from "./mask_tensor.ts";

const WORD = 4;

/**
 * Checks that images or masks, and what they go to, can be bound by kernels of a device.
 *
 * @param device The device.
 * @param images The images or masks.
 * @param target Where they go.
 * @throws {UsageError} If they cannot.
 */
export function checkBuffers(
  device: GPUDevice,
  images: { device: GPUDevice; buffer: GPUBuffer },
  target: GpuTensor | MaskTensor,
): void {
  for (const [option, { device: own, buffer }] of Object.entries({ images, target })) {
    const expected = own !== device
      ? "on the augmenter's device"
      : (buffer.usage & GPUBufferUsage.STORAGE) === 0
      ? "in a buffer whose usage has STORAGE"
      : undefined;
    if (expected === undefined) continue;
    throw new UsageError(
      `Cannot augment as ${option} must be ${expected}: received another one`,
      { option },
    );
  }
  // Kernels store whole words.
  const end = Math.ceil((target.byteOffset + target.byteLength) / WORD) * WORD;
  if (end <= target.buffer.size) return;
  throw new UsageError(
    `Cannot augment as the target's buffer must reach to byte ${end}: received ${target.buffer.size} bytes`,
    { option: "target" },
  );
}

/**
 * Checks that a tensor is of the form that images are made in, and has room for them.
 *
 * @param target The tensor.
 * @param form The form.
 * @param first Place of the first image.
 * @param count How many images.
 * @param size Their size; undefined if all are null.
 * @throws {UsageError} If the tensor has another form, or too few places.
 * @throws {ShapeError} If its images have another size.
 */
export function checkTarget(
  target: GpuTensor,
  form: { layout: Layout; dtype: DType },
  first: number,
  count: number,
  size: { width: number; height: number } | undefined,
): void {
  const { layout, dtype } = form;
  if (target.layout !== layout || target.dtype !== dtype) {
    throw new UsageError(
      `Cannot augment as the target must be ${layout} ${dtype}: received ${target.layout} ${target.dtype}`,
      { option: "target" },
    );
  }
  const [places, ...shape] = target.shape;
  const { width, height } = size ?? { width: shape[2], height: shape[1] };
  const wanted = layout === "NCHW" ? [3, height, width] : [height, width, 3];
  if (size && wanted.some((length, i) => length !== shape[i])) {
    throw new ShapeError(
      `Cannot augment as the images of the target must be [${wanted.join(", ")}]: received [${
        shape.join(", ")
      }]`,
      { option: "target" },
    );
  }
  checkFirst(first, count, places);
}

/**
 * Checks that a tensor of masks has room for masks of a size.
 *
 * @param target The tensor.
 * @param first Place of the first mask.
 * @param count How many masks.
 * @param size Their size; undefined if all are null.
 * @throws {UsageError} If it has too few places.
 * @throws {ShapeError} If its masks have another size.
 */
export function checkMaskTarget(
  target: MaskTensor,
  first: number,
  count: number,
  size: { width: number; height: number } | undefined,
): void {
  const [places, height, width] = target.shape;
  if (size && (size.width !== width || size.height !== height)) {
    throw new ShapeError(
      `Cannot augment masks as those of the target must be [${size.height}, ${size.width}]: ` +
        `received [${height}, ${width}]`,
      { option: "target" },
    );
  }
  checkFirst(first, count, places);
}

function checkFirst(first: number, count: number, places: number): void {
  if (Number.isInteger(first) && first >= 0 && first + count <= places) return;
  throw new UsageError(
    `Cannot augment ${count} images as first must be a place from which the target's ${places} hold them: received ${first}`,
    { option: "first" },
  );
}
