import sharp from "sharp";
import type { Picture } from "./reference.ts";
import { testPicture } from "./run.ts";

const LONGEST = 160;

/**
 * Photos of the folder that `CASSETTE_PICTURES` names, made smaller so that references in plain
 * double precision take no time; drawn pictures where there is none.
 */
export async function realPictures(count: number): Promise<Picture[]> {
  const folder = Deno.env.get("CASSETTE_PICTURES");
  if (!folder) {
    return Array.from({ length: count }, (_, i) => testPicture(160 - 9 * i, 113 + 20 * i, i + 1));
  }
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => /\.jpe?g$/i.test(name)).sort();
  const chosen = Array.from(
    { length: count },
    (_, i) => names[Math.floor(i * names.length / count)],
  );
  return await Promise.all(chosen.map(async (name) => {
    const { data, info } = await sharp(`${folder}/${name}`)
      .resize(LONGEST, LONGEST, { fit: "inside" }).toColourspace("srgb").removeAlpha().raw()
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, data: Float64Array.from(data) };
  }));
}
