// What the contact sheet uses of Jimp. Its own types bring in those of an old Node, which lack
// modules that the rest of the project imports.

/** A bitmap font. */
export interface Font {
  readonly chars: object;
}

/** A picture of 8-bit RGBA pixels. */
export class Jimp {
  constructor(options: { width: number; height: number; color?: number });
  static fromBitmap(bitmap: { width: number; height: number; data: Uint8Array }): Jimp;
  composite(picture: Jimp, x: number, y: number): this;
  print(options: { font: Font; x: number; y: number; text: string }): this;
  getBuffer(mime: string): Promise<Uint8Array>;
}

/** Names of file formats. */
export const JimpMime: { readonly png: string };

/** Loads a font of the library. */
export function loadFont(url: string): Promise<Font>;
