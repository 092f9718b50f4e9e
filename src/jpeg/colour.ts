import type { ColourModel, JpegComponent } from "./frame.ts";

const JFIF_BYTES = 14;
const JFIF_MAJOR = 5;
const ADOBE_BYTES = 12;
const ADOBE_TRANSFORM = 11;

/** What APP0 and APP14 say of the components, up to the first scan. */
export class ColourHints {
  #jfif = false;
  #adobe = -1;

  /**
   * Reads an APP0 segment.
   *
   * @param payload Its payload.
   * @returns What libjpeg-turbo would warn of.
   */
  app0(payload: Uint8Array): string | undefined {
    if (payload.length < JFIF_BYTES || !starts(payload, "JFIF\0")) return undefined;
    this.#jfif = true;
    const major = payload[JFIF_MAJOR];
    return major === 1 ? undefined : `its JFIF version must be 1: received ${major}`;
  }

  /**
   * Reads an APP14 segment.
   *
   * @param payload Its payload.
   */
  app14(payload: Uint8Array): void {
    if (payload.length < ADOBE_BYTES || !starts(payload, "Adobe")) return;
    this.#adobe = payload[ADOBE_TRANSFORM];
  }

  /**
   * Decides what the components are, as libjpeg-turbo does when the first scan begins (jdapimin.c,
   * default_decompress_parms).
   *
   * @param components The components of the frame: 1, 3 or 4.
   * @returns The colour model, and what libjpeg-turbo would warn of.
   */
  decide(components: readonly JpegComponent[]): { colour: ColourModel; warning?: string } {
    const adobe = this.#adobe;
    if (components.length === 1) return { colour: "grey" };
    if (components.length === 4) {
      return adobe <= 0 ? { colour: "CMYK" } : { colour: "YCCK", ...this.#odd(2) };
    }
    if (this.#jfif) return { colour: "YCbCr" };
    if (adobe >= 0) return adobe === 0 ? { colour: "RGB" } : { colour: "YCbCr", ...this.#odd(1) };
    // deno-lint-ignore cassette/spread -- at most 4 components
    const ids = String.fromCharCode(...components.map((component) => component.id));
    return { colour: ids === "RGB" ? "RGB" : "YCbCr" };
  }

  #odd(usual: number): { warning?: string } {
    if (this.#adobe === usual) return {};
    return { warning: `its Adobe transform must be 0 or ${usual}: received ${this.#adobe}` };
  }
}

function starts(payload: Uint8Array, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (payload[i] !== text.charCodeAt(i)) return false;
  return true;
}
