/** Turn from one class's hue to the next: the golden angle, so that neighbours differ. */
const GOLDEN_TURN = 0.381966;

/**
 * Lays masks over pictures, half and half, each class in a colour of its own; class 0 and what is of no
 * class stay as they are.
 *
 * @param pixels RGB bytes of the pictures; changed.
 * @param masks A class a pixel.
 * @param ignored The number of pixels that are of no class.
 */
export function overlay(pixels: Uint8Array, masks: ArrayLike<number>, ignored: number): void {
  for (let i = 0; i < masks.length; i++) {
    const label = masks[i];
    if (label === 0 || label === ignored) continue;
    for (let c = 0; c < 3; c++) {
      const level = Math.abs(((label * GOLDEN_TURN + c / 3) % 1) * 2 - 1) * 255;
      pixels[3 * i + c] = (pixels[3 * i + c] + level) / 2;
    }
  }
}
