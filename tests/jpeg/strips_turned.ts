/** Pictures that are decoded in strips and turned, compared with djpeg. */
import type { BufferPool } from "../../src/gpu/pool.ts";
import { JpegDecoder } from "../../src/jpeg/decoder.ts";
import { sideBySide } from "../../tools/process.ts";
import { oriented } from "./handmade.ts";
import { cjpeg, difference, djpeg, draw, limitBinding, openDevice, readAll } from "./support.ts";
import { turned } from "./turned.ts";

/** What a picture is to be. */
export interface Kind {
  width: number;
  height: number;
  /** As `cjpeg` wants them; `grey` for one component. */
  sampling: string;
  progressive: boolean;
}

const ORIENTATIONS = [1, 2, 3, 4, 5, 6, 7, 8];
const PIXEL_BYTES = 4;
const ROW_ALIGNMENT = 64;
/** Bytes of a strip's pixels, about, so that each picture takes several. */
const STRIP_BYTES = 24_000;

/**
 * Decodes each picture in strips, in all orientations.
 *
 * @returns What was wrong, and how many pictures were compared.
 */
export async function stripsDiffer(
  kinds: readonly Kind[],
  pool?: BufferPool,
): Promise<{ wrong: string[]; compared: number }> {
  await using test = await openDevice();
  const made = await sideBySide(kinds.map((kind, seed) => async () => {
    const { width, height, sampling, progressive } = kind;
    const args = [
      ...sampling === "grey" ? [] : ["-sample", sampling],
      ...progressive ? ["-progressive"] : [],
    ];
    const file = await cjpeg(
      draw(width, height, seed, sampling === "grey" ? 1 : 3, 70),
      "-quality",
      "85",
      ...args,
    );
    return { kind, file, expected: await djpeg(file) };
  }));
  const wrong: string[] = [];
  let compared = 0;
  const decodeAll = async (orientations: number[], binding: number, members: typeof made) => {
    limitBinding(test.device, binding);
    using decoder = new JpegDecoder(test.device, { pool });
    const files = members.flatMap(({ file }) => orientations.map((n) => oriented(file, n)));
    using images = await decoder.decode(files);
    const errors = await images.verify();
    const read = await readAll(images, files.keys().filter((i) => !errors[i]));
    for (const i of files.keys()) {
      const { kind, expected } = members[Math.floor(i / orientations.length)];
      const orientation = orientations[i % orientations.length];
      const found = errors[i]?.message ?? difference(read[i], turned(expected, orientation));
      const name = Object.values(kind).join(" ");
      if (found) wrong.push(`${name}, orientation ${orientation}: ${found}`);
      compared++;
    }
  };
  await decodeAll(ORIENTATIONS.slice(0, 4), STRIP_BYTES, made);
  // All pixels of a picture whose rows become columns must fit a binding; its coefficients need not.
  for (const member of made) {
    const { width, height, sampling } = member.kind;
    if (sampling !== "1x1") continue;
    const pitch = Math.ceil(height * PIXEL_BYTES / ROW_ALIGNMENT) * ROW_ALIGNMENT;
    await decodeAll(ORIENTATIONS.slice(4), pitch * width, [member]);
  }
  return { wrong, compared };
}
