import { join } from "node:path";
import sharp, { type JpegOptions } from "sharp";

/** What a set of pictures is made for. */
export interface PictureSet {
  /** Where the pictures are from, for the record. */
  origin: string;
  /** JPEG files. */
  blobs: Uint8Array[];
}

const PICTURE = /\.jpe?g$/i;
const DRAWN = 64;

/**
 * Finds the folder of pictures that the command line (`--pictures DIR`) or `CASSETTE_PICTURES` names.
 *
 * @param args Arguments of the command.
 * @returns Its path, or undefined.
 */
export function picturesFolder(args: readonly string[] = Deno.args): string | undefined {
  const at = args.indexOf("--pictures");
  return at === -1 ? Deno.env.get("CASSETTE_PICTURES") : args[at + 1];
}

/**
 * Reads the JPEG files of a folder, or draws photo-like pictures with a fixed seed.
 *
 * @param folder Path of the folder; drawn when left out.
 * @param most Most pictures to read.
 * @returns The pictures, ordered by path.
 */
export async function loadPictures(
  folder = picturesFolder(),
  most = Infinity,
): Promise<PictureSet> {
  if (folder === undefined) {
    const blobs: Uint8Array[] = [];
    for (let i = 0; i < Math.min(DRAWN, most); i++) blobs.push(await drawn(i));
    return { origin: "drawn, fixed seed", blobs };
  }
  const paths: string[] = [];
  const walk = async (dir: string): Promise<void> => {
    for await (const { name, isDirectory } of Deno.readDir(dir)) {
      if (isDirectory) await walk(join(dir, name));
      else if (PICTURE.test(name)) paths.push(join(dir, name));
    }
  };
  await walk(folder);
  if (paths.length === 0) throw new Error(`${folder} has no .jpg or .jpeg files`);
  paths.sort();
  const blobs = await Promise.all(paths.slice(0, most).map((path) => Deno.readFile(path)));
  return { origin: `${blobs.length} pictures of a folder`, blobs };
}

/**
 * Encodes pictures again, all in one size.
 *
 * @param set The pictures.
 * @param width Width, in pixels.
 * @param height Height, in pixels.
 * @param options Quality and chroma subsampling, as sharp has them.
 * @param count How many; the set is gone through again where it has fewer.
 * @returns JPEG files.
 */
export async function encodeAll(
  set: PictureSet,
  width: number,
  height: number,
  options: JpegOptions,
  count: number,
): Promise<Uint8Array[]> {
  const encoded: Uint8Array[] = [];
  for (let i = 0; i < count; i++) {
    const picture = sharp(set.blobs[i % set.blobs.length]);
    encoded.push(
      new Uint8Array(
        await picture.resize(width, height, { fit: "cover" }).jpeg(options).toBuffer(),
      ),
    );
  }
  return encoded;
}

/** A picture with edges, gradients and texture, about as hard to encode as a photo. */
async function drawn(index: number): Promise<Uint8Array> {
  const [width, height] = index % 3 === 0 ? [375, 500] : [500, 375];
  const pixels = new Uint8Array(width * height * 3);
  let state = index * 2654435761 + 1;
  const random = () => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9 | 0;
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32;
  };
  const waves = Array.from({ length: 9 }, () => ({
    x: (random() - 0.5) * 0.3,
    y: (random() - 0.5) * 0.3,
    phase: random() * 6.3,
    colour: [random(), random(), random()],
    hard: random() < 0.4,
  }));
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const sum = [110, 110, 110];
      for (const { x: fx, y: fy, phase, colour, hard } of waves) {
        const wave = Math.sin(x * fx + y * fy + phase);
        const level = (hard ? Math.sign(wave) : wave) * 26;
        for (let c = 0; c < 3; c++) sum[c] += level * colour[c];
      }
      const grain = (random() - 0.5) * 24;
      for (let c = 0; c < 3; c++) pixels[at++] = Math.max(0, Math.min(255, sum[c] + grain));
    }
  }
  const raw = { width, height, channels: 3 as const };
  return new Uint8Array(await sharp(pixels, { raw }).jpeg({ quality: 90 }).toBuffer());
}
