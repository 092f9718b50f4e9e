/**
 * Compares operators with DALI (on its CPU backend) and Pillow on photos.
 *
 * Run it by `deno task bench augment_peers [--pictures DIR] [--count N]`, with `pip install
 * nvidia-dali-cuda120 pillow` for `python3` or for the Python that `PYTHON` names; no GPU is needed. It
 * prints a Markdown table: the worst difference in levels of a byte, the share of values that are off
 * by more than 1, and that of those at least 3 pixels away from the border.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import sharp from "sharp";
import { Augmenter, GpuImages, GpuTensor, type Operator, requestDevice } from "../mod.ts";
import { path } from "../tools/imports.ts";
import { PEERS } from "./augment_cases.ts";
import { loadPictures } from "./pictures.ts";

const device = await requestDevice();

interface Raw {
  data: Uint8Array;
  width: number;
  height: number;
}

/** What the library makes of a picture, as bytes. */
async function augmented({ data, width, height }: Raw, operators: Operator[]): Promise<Raw> {
  const rowPitch = Math.ceil(width / 16) * 64;
  const pixels = new Uint8Array(Math.ceil(rowPitch * height / 256) * 256);
  for (let i = 0; i < width * height; i++) {
    const at = Math.floor(i / width) * rowPitch + (i % width) * 4;
    pixels.set(data.subarray(3 * i, 3 * i + 3), at);
  }
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const source = device.createBuffer({ size: pixels.length, usage });
  device.queue.writeBuffer(source, 0, pixels);
  const image = { byteOffset: 0, width, height, rowPitch, channels: 3 as const };
  using images = new GpuImages(device, source, [image], () => source.destroy());
  using augmenter = new Augmenter(device, operators, { layout: "NHWC", dtype: "u8" });
  const keys = { seed: 0, epoch: 0, positions: [0] };
  const size = augmenter.shape(images.images, keys)!;
  const shape = [1, size.height, size.width, 3] as const;
  const bytes = 3 * size.width * size.height;
  const target = device.createBuffer({ size: Math.ceil(bytes / 4) * 4, usage });
  const tensor = new GpuTensor(device, target, { shape, dtype: "u8", layout: "NHWC" });
  await augmenter.apply(images, keys, tensor);
  const result = await tensor.read() as Uint8Array;
  target.destroy();
  return { data: result, ...size };
}

/** A case as augment_peers.py reads it: what the library made is in a file. */
interface Job {
  peer: string;
  name: string;
  python: string;
  file: string;
  width: number;
  height: number;
}

/** What the table says of one operator: the worst of all pictures, and means of the shares. */
interface Found {
  peer: string;
  name: string;
  worst: number;
  above: number;
  inside: number;
}

const { values } = parseArgs({
  options: { pictures: { type: "string" }, count: { type: "string", default: "3" } },
});
const count = Number(values.count);
const { blobs } = await loadPictures();
const place = await Deno.makeTempDir();
const total = new Map<string, Found>();
try {
  for (let i = 0; i < count; i++) {
    const blob = blobs[Math.floor(i * blobs.length / count)];
    const { data, info } = await sharp(blob).toColourspace("srgb").removeAlpha().raw()
      .toBuffer({ resolveWithObject: true });
    const picture: Raw = { data, width: info.width, height: info.height };
    const cases: Job[] = [];
    for (const [peer, list] of Object.entries(PEERS)) {
      for (const [name, operators, python] of list) {
        const { data, width, height } = await augmented(picture, operators);
        const file = `${cases.length}`;
        await Deno.writeFile(join(place, file), data);
        cases.push({ peer, name, python, file, width, height });
      }
    }
    await Deno.writeFile(join(place, "input"), data);
    const job = { cases, width: info.width, height: info.height };
    await Deno.writeTextFile(join(place, "job.json"), JSON.stringify(job));
    const python = Deno.env.get("PYTHON") ?? "python3";
    const { code, stdout, stderr } = await new Deno.Command(python, {
      args: [path("bench/augment_peers.py"), place],
    }).output();
    if (code !== 0) throw new Error(new TextDecoder().decode(stderr));
    for (const found of JSON.parse(new TextDecoder().decode(stdout)) as Found[]) {
      const key = `${found.peer} ${found.name}`;
      const old = total.get(key) ?? { ...found, worst: 0, above: 0, inside: 0 };
      total.set(key, {
        ...found,
        worst: Math.max(old.worst, found.worst),
        above: old.above + found.above / count,
        inside: old.inside + found.inside / count,
      });
    }
  }
} finally {
  await Deno.remove(place, { recursive: true });
  device.destroy();
}
console.log("| Peer | Operator | Off by at most | Above 1 | Above 1 inside |");
console.log("| --- | --- | ---: | ---: | ---: |");
for (const { peer, name, worst, above, inside } of total.values()) {
  const percent = (share: number) => share === 0 ? "0" : `${(100 * share).toFixed(3)} %`;
  console.log(`| ${peer} | ${name} | ${worst} | ${percent(above)} | ${percent(inside)} |`);
}
