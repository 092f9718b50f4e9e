import jpegjs from "jpeg-js";
import sharp from "sharp";
import { JpegDecoder, requestDevice } from "../mod.ts";
import { encodeAll, loadPictures } from "./pictures.ts";

const COUNT = 16;
const pictures = await loadPictures(undefined, COUNT);
const device = await requestDevice();
const decoder = new JpegDecoder(device);
await decoder.warmUp();

for (const [width, height, quality] of [[224, 224, 75], [500, 375, 90]]) {
  const files = await encodeAll(pictures, width, height, { quality }, COUNT);
  const group = `decode ${COUNT} pictures of ${width}×${height}`;

  Deno.bench({
    name: `JpegDecoder, ${width}×${height}`,
    group,
    baseline: true,
    async fn() {
      using images = await decoder.decode(files);
      await images.verify();
    },
  });

  Deno.bench({
    name: `sharp, ${width}×${height}`,
    group,
    async fn() {
      await Promise.all(files.map((file) => sharp(file).raw().toBuffer()));
    },
  });

  Deno.bench({
    name: `jpeg-js, ${width}×${height}`,
    group,
    fn() {
      for (const file of files) jpegjs.decode(file, { useTArray: true });
    },
  });
}
