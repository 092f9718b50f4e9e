import type { JpegComponent, JpegFrame } from "./frame.ts";

/** How the samples of a component are spread over the pixels; the numbers are the shader's. */
export const Upsampling = {
  /** One sample per pixel. */
  full: 0,
  /** 2 : 1 across, triangle filter. */
  fancyAcross: 1,
  /** 2 : 1 down, triangle filter. */
  fancyDown: 2,
  /** 2 : 1 both ways, triangle filter. */
  fancyBoth: 3,
  /** Any other integer ratio: repeated. */
  replicate: 4,
} as const;

/**
 * Chooses as libjpeg-turbo does (jdsample.c, jinit_upsampler): triangle filters only for ratios of
 * 2, and across only where there are more than two samples.
 *
 * @param frame The frame.
 * @param component One of its components.
 * @returns One of {@linkcode Upsampling}.
 */
export function upsampling(frame: JpegFrame, component: JpegComponent): number {
  const across = frame.hMax / component.h;
  const down = frame.vMax / component.v;
  if (across === 1 && down === 1) return Upsampling.full;
  if (across === 2 && down === 1 && component.width > 2) return Upsampling.fancyAcross;
  if (across === 1 && down === 2) return Upsampling.fancyDown;
  if (across === 2 && down === 2 && component.width > 2) return Upsampling.fancyBoth;
  return Upsampling.replicate;
}
