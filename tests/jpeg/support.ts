import { assert, assertEquals } from "@std/assert";
import type { CpuImage, GpuImages, ImageRegion } from "../../src/gpu/images.ts";
import { requestDevice } from "../../src/gpu/device.ts";
import { JpegDecoder } from "../../src/jpeg/decoder.ts";
import { sideBySide } from "../../tools/process.ts";

export { limitBinding } from "../gpu/limit_binding.ts";

/** A picture as libjpeg-turbo's tools read and write it. */
export interface Picture {
  width: number;
  height: number;
  /** 1 for grey (P5), 3 for colour (P6). */
  channels: number;
  data: Uint8Array;
}

/** Runs one of libjpeg-turbo's tools on bytes. */
export async function tool(
  name: string,
  args: string[],
  input: Uint8Array,
  env: Record<string, string> = {},
): Promise<{ code: number; stdout: Uint8Array<ArrayBuffer>; stderr: string }> {
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(name, { args, env, stdin: "piped", stdout: "piped", stderr: "piped" })
      .spawn();
  } catch (cause) {
    throw new Error(
      `Cannot run ${name}: install libjpeg-turbo's tools (Debian: apt-get install libjpeg-turbo-progs)`,
      { cause },
    );
  }
  const writer = child.stdin.getWriter();
  const written = writer.write(input as Uint8Array<ArrayBuffer>).then(() => writer.close())
    .catch(() => {});
  const { code, stdout, stderr } = await child.output();
  await written;
  return {
    code,
    stdout: stdout as Uint8Array<ArrayBuffer>,
    stderr: new TextDecoder().decode(stderr),
  };
}

/** Encodes a picture with `cjpeg`. */
export async function cjpeg(picture: Picture, ...args: string[]): Promise<Uint8Array<ArrayBuffer>> {
  const header = new TextEncoder().encode(
    `P${picture.channels === 1 ? 5 : 6}\n${picture.width} ${picture.height}\n255\n`,
  );
  const ppm = new Uint8Array(header.length + picture.data.length);
  ppm.set(header);
  ppm.set(picture.data, header.length);
  const { code, stdout, stderr } = await tool("cjpeg", args, ppm);
  assertEquals(code, 0, `cjpeg ${args.join(" ")}: ${stderr}`);
  return stdout;
}

/** Decodes a file with `djpeg -ppm`: the oracle. */
export async function djpeg(
  file: Uint8Array,
  env: Record<string, string> = {},
): Promise<Picture & { code: number; stderr: string }> {
  const { code, stdout, stderr } = await tool("djpeg", ["-ppm"], file, env);
  const none = { width: 0, height: 0, channels: 0, data: new Uint8Array(0), code, stderr };
  if (code === 1) return none;
  const header = /^P([56])\n(\d+) (\d+)\n255\n/.exec(
    new TextDecoder("latin1").decode(stdout.subarray(0, 64)),
  );
  assert(header, "djpeg must write PPM or PGM");
  return {
    channels: header[1] === "5" ? 1 : 3,
    width: Number(header[2]),
    height: Number(header[3]),
    data: stdout.subarray(header[0].length),
    code,
    stderr,
  };
}

/** A device that fails the test if WebGPU reports an error on it. */
export interface TestDevice extends AsyncDisposable {
  readonly device: GPUDevice;
}

/** Opens a device with an error scope of each kind; dispose closes them and throws what they hold. */
export async function openDevice(): Promise<TestDevice> {
  const device = await requestDevice({ label: "jpeg test" });
  const uncaptured: string[] = [];
  device.addEventListener(
    "uncapturederror",
    (event) => uncaptured.push((event as GPUUncapturedErrorEvent).error.message),
  );
  const filters = ["validation", "out-of-memory", "internal"] as const;
  for (const filter of filters) device.pushErrorScope(filter);
  return {
    device,
    async [Symbol.asyncDispose]() {
      for (const _ of filters) {
        const error = await device.popErrorScope();
        if (error) uncaptured.push(error.message);
      }
      device.destroy();
      assertEquals(uncaptured, []);
    },
  };
}

/** A generator of numbers in [0, 1), the same for the same seed (mulberry32). */
export function random(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Draws smooth shades with some noise and an edge, so that all coefficients occur. */
export function draw(width: number, height: number, seed = 1, channels = 3, noise = 60): Picture {
  const next = random(seed);
  const data = new Uint8Array(width * height * channels);
  const waves = Array.from({ length: channels }, () => [next() * 0.3, next() * 0.3, next() * 6]);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++, at++) {
        const [across, down, phase] = waves[c];
        const edge = x * 3 + y * 5 < (width + height) * 2 ? 40 : -40;
        const shade = 128 + 80 * Math.sin(x * across + y * down + phase) + edge;
        data[at] = Math.max(0, Math.min(255, shade + (next() - 0.5) * noise));
      }
    }
  }
  return { width, height, channels, data };
}

/** Says where two pictures differ; undefined if they are equal. */
export function difference(actual: CpuImage, expected: Picture): string | undefined {
  const size = (p: { width: number; height: number; channels: number }) =>
    `${p.width}×${p.height}×${p.channels}`;
  if (size(actual) !== size(expected)) return `is ${size(actual)}, not ${size(expected)}`;
  if (actual.data.length !== expected.data.length) return "has another length";
  let count = 0;
  let first = -1;
  for (let i = 0; i < actual.data.length; i++) {
    if (actual.data[i] === expected.data[i]) continue;
    if (first < 0) first = i;
    count++;
  }
  if (count === 0) return undefined;
  const pixel = Math.floor(first / expected.channels);
  return `differs in ${count} of ${actual.data.length} bytes, first at x ${
    pixel % expected.width
  }, y ${Math.floor(pixel / expected.width)}: ${actual.data[first]}, not ${expected.data[first]}`;
}

/** Says whether the pixels of a region are those of the whole picture. */
export function sameIn(region: ImageRegion, part: CpuImage, whole: Picture): boolean {
  const { x, y, width, height } = region;
  for (let row = y; row < y + height; row++) {
    const from = (row * whole.width + x) * whole.channels;
    const to = from + width * whole.channels;
    for (let i = from; i < to; i++) if (part.data[i] !== whole.data[i]) return false;
  }
  return true;
}

/**
 * Reads pictures. Each read waits for a while, so all are asked for before one is waited for.
 *
 * @param images What was decoded.
 * @param places Which of them are read.
 * @returns The pictures at their places.
 */
export async function readAll(images: GpuImages, places: Iterable<number>): Promise<CpuImage[]> {
  const read: CpuImage[] = [];
  await Promise.all(Array.from(places, async (i) => read[i] = await images.read(i)));
  return read;
}

/** Fails with one line per picture that is not equal to the oracle's. */
export async function assertSame(
  images: GpuImages,
  files: Uint8Array[],
  names: string[],
): Promise<void> {
  const errors = await images.verify();
  const [pictures, oracle] = await Promise.all([
    readAll(images, files.keys().filter((i) => !errors[i])),
    sideBySide(files.map((file) => () => djpeg(file))),
  ]);
  const wrong: string[] = [];
  for (const [i, expected] of oracle.entries()) {
    if (errors[i]) wrong.push(`${names[i]}: ${errors[i]!.message}`);
    else {
      const found = difference(pictures[i], expected);
      if (found) wrong.push(`${names[i]} ${found}`);
      if (expected.code !== 0) wrong.push(`${names[i]}: djpeg ended with ${expected.code}`);
    }
  }
  assertEquals(wrong, []);
}

/** Asserts that files are decoded as djpeg decodes them, without a warning. */
export async function assertDecodes(files: Uint8Array[], names: string[]): Promise<void> {
  await using test = await openDevice();
  using decoder = new JpegDecoder(test.device);
  using images = await decoder.decode(files);
  await assertSame(images, files, names);
  assertEquals(images.warnings.flat(), []);
}

/** Inserts a marker segment after SOI. */
export function withSegment(
  file: Uint8Array,
  code: number,
  payload: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(file.length + payload.length + 4);
  const length = payload.length + 2;
  result.set([0xff, 0xd8, 0xff, code, length >> 8, length & 255]);
  result.set(payload, 6);
  result.set(file.subarray(2), 6 + payload.length);
  return result;
}

/** Offset of a marker's code in a file, searched from the beginning. */
export function findMarker(file: Uint8Array, code: number, from = 2): number {
  for (let at = from; at + 3 < file.length;) {
    assertEquals(file[at], 0xff);
    if (file[at + 1] === code) return at + 1;
    at += 2 + (file[at + 2] << 8 | file[at + 3]);
  }
  throw new Error(`no marker 0x${code.toString(16)}`);
}
