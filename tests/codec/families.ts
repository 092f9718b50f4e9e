/** Families of PNG and `.npy` files that multiply a structure, and their readers as what is fuzzed. */
import { deflateSync } from "node:zlib";
import { CpuDecoder } from "../../src/codec/cpu_decoder.ts";
import { readNpy } from "../../src/codec/npy.ts";
import { CassetteError } from "../../src/errors.ts";
import type { Family, Fate, Subject } from "../fuzz/family.ts";
import { join as concat } from "../jpeg/handmade.ts";
import { random } from "../jpeg/support.ts";
import { chunk, headerOf, pngOf, type PngParts } from "./png_writer.ts";

/** Most pixels of a mutant. */
const MOST_PIXELS = 2 ** 22;
const WIDTH = 40;
const HEIGHT = 30;
const END = chunk("IEND", []);

/** What must come of a mutant, where it is known: the picture that it was made of, or an error. */
const known = new WeakMap<Uint8Array, "same" | "error">();
/** What a good file holds. */
const contents = new WeakMap<Uint8Array, readonly number[]>();

interface Read extends Disposable {
  /** Pixels, elements, or why there are none. */
  results: (ArrayLike<number | bigint> | unknown)[];
}

/** The reader of PNG files, on its threads. */
export function pngSubject(): Subject<Read> & Disposable {
  const decoder = new CpuDecoder({ maxPixels: MOST_PIXELS });
  const picture = async (file: Uint8Array) => {
    const header = decoder.header(file);
    return await decoder.picture(file, header, header.width);
  };
  return {
    neighbours: [good(1), good(2)],
    baseline: good(3, 1000, 1000),
    pixels: pngPixels,
    async decode(files) {
      const settled = await Promise.allSettled(files.map(picture));
      return read(settled.map((one) => one.status === "fulfilled" ? one.value : one.reason));
    },
    judge: (decoded, index, file, neighbour) =>
      Promise.resolve(judge(decoded, index, file, neighbour)),
    [Symbol.dispose]: () => decoder[Symbol.dispose](),
  };
}

/** The reader of `.npy` files. */
export function npySubject(): Subject<Read> {
  const array = (file: Uint8Array) => {
    try {
      return readNpy(file).data;
    } catch (error) {
      return error;
    }
  };
  return {
    neighbours: [npy("|u1", false, [3, 4], 12), npy("<f4", true, [2, 5], 40)],
    baseline: npy("<f4", true, [1000, 1000], 4_000_000),
    pixels: () => 0,
    decode: (files) => Promise.resolve(read(files.map(array))),
    judge: (decoded, index, file, neighbour) =>
      Promise.resolve(judge(decoded, index, file, neighbour)),
  };
}

function read(results: Read["results"]): Read {
  return { results, [Symbol.dispose]() {} };
}

function judge({ results }: Read, index: number, file: Uint8Array, neighbour: boolean): Fate {
  const result = results[index];
  const expected = neighbour ? "same" : known.get(file);
  if (result instanceof Error) {
    const typed = result instanceof CassetteError;
    const wrong = expected === "same" || !typed ? `${result.name}: ${result.message}` : undefined;
    return { outcome: result.name, wrong };
  }
  if (expected === "error") return { outcome: "read", wrong: "it must be refused" };
  const values = contents.get(file);
  if (expected !== "same" || values === undefined) return { outcome: "read" };
  const got = result as ArrayLike<number>;
  const same = got.length === values.length && values.every((value, i) => got[i] === value);
  return { outcome: "equal", wrong: same ? undefined : "its contents are others" };
}

/** The parts of a good picture of RGB, and its pixels as words. */
function picture(seed: number, width = WIDTH, height = HEIGHT) {
  const next = random(seed);
  const rows = new Uint8Array((1 + 3 * width) * height);
  const words: number[] = [];
  for (let y = 0, at = 0; y < height; y++) {
    at++;
    for (let x = 0; x < width; x++) {
      let word = 0xff000000;
      for (let c = 0; c < 3; c++) word += (rows[at++] = Math.floor(next() * 256)) * 256 ** c;
      words.push(word);
    }
  }
  const parts: PngParts = { width, height, depth: 8, type: 2, numbers: [] };
  return { parts, rows, words };
}

function good(seed: number, width?: number, height?: number): Uint8Array {
  const { parts, rows, words } = picture(seed, width, height);
  const chunks = [headerOf(parts), chunk("IDAT", deflateSync(rows)), END];
  const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
  const file = concat(Uint8Array.from(signature), ...chunks);
  contents.set(file, words);
  return file;
}

/** Pixels that the header asks for, up to what is decoded. */
function pngPixels(file: Uint8Array): number {
  if (file.length < 24) return 0;
  const view = new DataView(file.buffer, file.byteOffset);
  const pixels = view.getUint32(16) * view.getUint32(20);
  return pixels > MOST_PIXELS ? 0 : pixels;
}

/** Numbers of one mutant. */
function dice(seed: number) {
  const next = random(seed);
  const below = (count: number) => Math.floor(next() * count);
  return { below, one: <T>(of: readonly T[]) => of[below(of.length)] };
}

/** Makes a family of PNG files; `make` says what is in the file, and what must come of it. */
function png(
  name: string,
  make: (roll: ReturnType<typeof dice>, seed: number) => {
    chunks: Uint8Array[];
    what: string;
    expected?: "same" | "error";
    words?: readonly number[];
  },
): Family {
  return {
    name,
    make(seed) {
      const { chunks, what, expected, words } = make(dice(seed), seed);
      const file = pngOf();
      const whole = concat(file, ...chunks);
      if (expected) known.set(whole, expected);
      if (words) contents.set(whole, words);
      return { file: whole, what };
    },
  };
}

/** Families of PNG files. */
export function pngFamilies(): Family[] {
  const data = (rows: Uint8Array) => chunk("IDAT", deflateSync(rows));
  return [
    png("dimensions", ({ one, below }, seed) => {
      const { parts, rows } = picture(seed);
      const side = () => one([0, 1, WIDTH + 1, 65_500, 65_501, 2 ** 31, 2 ** 32 - 1, below(5000)]);
      const [width, height] = [side(), side() + HEIGHT];
      const header = headerOf({ ...parts, width, height });
      return { chunks: [header, data(rows), END], what: `${width}×${height}`, expected: "error" };
    }),
    png("chunks", ({ one, below }, seed) => {
      const { parts, rows, words } = picture(seed);
      const type = one(["tEXt", "zTXt", "iCCP", "prVt"]);
      const bomb = deflateSync(new Uint8Array(2 ** 20), { level: 9 });
      const note = chunk(type, type === "zTXt" || type === "iCCP" ? [65, 0, 0, ...bomb] : []);
      const count = below(type === "tEXt" || type === "prVt" ? 60_000 : 300);
      const notes = concat(...Array<Uint8Array>(count).fill(note));
      const chunks = [headerOf(parts), notes, data(rows), END];
      return { chunks, what: `${count} of ${type}`, expected: "same", words };
    }),
    png("depth and colour type", ({ below, one }, seed) => {
      const { parts, rows } = picture(seed);
      const [depth, type] = [one([0, 1, 2, 3, 4, 8, 16, 32, 255]), below(8)];
      const header = headerOf({ ...parts, depth, type });
      const chunks = [header, chunk("PLTE", [1, 2, 3]), data(rows), END];
      const illegal = ![1, 2, 4, 8, 16].includes(depth) || ![0, 2, 3, 4, 6].includes(type);
      const expected = illegal ? "error" as const : undefined;
      return { chunks, what: `${depth} bits, type ${type}`, expected };
    }),
    png("interlacing", ({ below }, seed) => {
      const { parts, rows } = picture(seed);
      const header = headerOf({ ...parts, interlaced: true });
      const kept = rows.subarray(0, below(rows.length));
      return { chunks: [header, data(kept), END], what: `${kept.length} bytes`, expected: "error" };
    }),
    png("palettes", ({ below }) => {
      const entries = below(600);
      const numbers = Uint8Array.from({ length: (1 + WIDTH) * HEIGHT }, (_, i) => i % (1 + WIDTH));
      numbers.forEach((_, i) => i % (1 + WIDTH) === 0 && (numbers[i] = 0));
      const parts = { width: WIDTH, height: HEIGHT, depth: 8, type: 3, numbers: [] };
      const palette = Array.from({ length: entries }, (_, i) => i & 255);
      const plte = entries === 0 ? new Uint8Array() : chunk("PLTE", palette);
      const fits = entries % 3 === 0 && entries > 0 && entries <= 768;
      const expected = fits ? undefined : "error" as const;
      return {
        chunks: [headerOf(parts), plte, data(numbers), END],
        what: `${entries} bytes`,
        expected,
      };
    }),
    png("pieces of data", ({ below }, seed) => {
      const { parts, rows, words } = picture(seed);
      const all = deflateSync(rows);
      const pieces: Uint8Array[] = [];
      const most = 1 + below(200);
      for (let at = 0; at < all.length;) {
        const length = below(most);
        pieces.push(chunk("IDAT", all.subarray(at, at + length)));
        at += length;
        if (pieces.length > 60_000) {
          pieces.push(chunk("IDAT", all.subarray(at)));
          break;
        }
      }
      const what = `${pieces.length} pieces`;
      return { chunks: [headerOf(parts), concat(...pieces), END], what, expected: "same", words };
    }),
    png("bombs", ({ below }, seed) => {
      const { parts, rows } = picture(seed);
      const more = new Uint8Array(2 ** (16 + below(9)));
      const bomb = deflateSync(concat(rows, more), { level: 9 });
      const chunks = [headerOf(parts), chunk("IDAT", bomb), END];
      return { chunks, what: `${more.length} bytes more than rows have` };
    }),
    png("checksums", ({ below }, seed) => {
      const { parts, rows } = picture(seed);
      const critical = [headerOf(parts), data(rows)];
      const which = below(2);
      critical[which][critical[which].length - 1 - below(4)] ^= 1 << below(8);
      return { chunks: [...critical, END], what: `of chunk ${which}`, expected: "error" };
    }),
    png("ends", ({ below }, seed) => {
      const { parts, rows } = picture(seed);
      const whole = concat(headerOf(parts), data(rows), END);
      const length = below(whole.length - END.length);
      return { chunks: [whole.subarray(0, length)], what: `${length} bytes`, expected: "error" };
    }),
    png("filters", ({ below }, seed) => {
      const { parts, rows } = picture(seed);
      const row = below(HEIGHT);
      const filter = 5 + below(251);
      rows[row * (1 + 3 * WIDTH)] = filter;
      return { chunks: [headerOf(parts), data(rows), END], what: `${filter}`, expected: "error" };
    }),
  ];
}

/** A `.npy` file of any header; its elements are bytes 0, 1, 2, …, and known for unsigned bytes. */
function npy(type: string, fortran: boolean, shape: readonly unknown[], bytes: number): Uint8Array {
  const dimensions = shape.join(", ") + (shape.length === 1 ? "," : "");
  return npyOf(
    `{'descr': '${type}', 'fortran_order': ${
      fortran ? "True" : "False"
    }, 'shape': (${dimensions}), }`,
    bytes,
  );
}

function npyOf(header: string, bytes: number, length = header.length + 1): Uint8Array {
  const text = new TextEncoder().encode(`${header}\n`);
  const prefix = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, length & 255, length >> 8);
  const file = concat(prefix, text, Uint8Array.from({ length: bytes }, (_, i) => i & 63));
  const values = [...readOrNothing(file)];
  if (values.length > 0) contents.set(file, values);
  return file;
}

/** What a good file holds, by the definition: small arrays of bytes, or floats in memory's order. */
function readOrNothing(file: Uint8Array): number[] {
  const header = new TextDecoder().decode(file.subarray(10, 10 + (file[8] | file[9] << 8)));
  const shape = /\((\d+), (\d+)\)/.exec(header)?.slice(1).map(Number);
  if (!shape || shape[0] * shape[1] > 100) return [];
  const data = file.slice(10 + (file[8] | file[9] << 8));
  if (header.includes("|u1")) return [...data];
  if (!header.includes("<f4")) return [];
  const [rows, columns] = shape;
  const stored = new Float32Array(data.buffer);
  return Array.from(
    { length: rows * columns },
    (_, i) => stored[Math.floor(i / columns) + (i % columns) * rows],
  );
}

/** Families of `.npy` files. */
export function npyFamilies(): Family[] {
  const family = (
    name: string,
    make: (roll: ReturnType<typeof dice>) => { file: Uint8Array; what: string; expected?: "error" },
  ): Family => ({
    name,
    make(seed) {
      const { file, what, expected } = make(dice(seed));
      if (expected) known.set(file, expected);
      return { file, what };
    },
  });
  return [
    family("headers", ({ below, one }) => {
      const header = one([
        "{".repeat(below(60_000)),
        `{'descr': '<f4', 'shape': ${"(".repeat(below(60_000))}`,
        `{'descr': '${"<".repeat(below(60_000))}', 'fortran_order': False, 'shape': (1,), }`,
        `{'descr': '<f4', 'fortran_order': Maybe, 'shape': (1,), }`,
      ]);
      return { file: npyOf(header, 4), what: `${header.length} bytes`, expected: "error" };
    }),
    family("lengths of headers", ({ below }) => {
      const length = below(65_536);
      const file = npyOf("{'descr': '|u1', 'fortran_order': False, 'shape': (4,), }", 4, length);
      return { file, what: `${length} bytes` };
    }),
    family("dimensions", ({ below, one }) => {
      const count = 65 + below(15_000);
      const shape = Array<number>(count).fill(1);
      const file = npy("|u1", one([false, true]), shape, 1);
      return { file, what: `${count} dimensions`, expected: "error" };
    }),
    family("sizes of dimensions", ({ below, one }) => {
      const size = () => one([0, 1, -1, 2 ** 31, 2 ** 53, "99999999999999999999", below(70_000)]);
      const shape = Array.from({ length: 1 + below(64) }, size);
      return { file: npy("<f8", one([false, true]), shape, below(4000)), what: shape.join("×") };
    }),
    family("orders", ({ below }) => {
      const shape = Array.from({ length: 1 + below(16) }, () => 1 + below(3));
      const bytes = Math.min(shape.reduce((product, size) => product * size, 1), 2 ** 22);
      return { file: npy("|u1", true, shape, bytes), what: shape.join("×") };
    }),
    family("types", ({ below, one }) => {
      const type = one(["<", ">", "|", "=", "", "!"]) + one([..."biufcOSUVMm?x"]) + below(40);
      return { file: npy(type, false, [4], 4 * below(40)), what: type };
    }),
    family("bytes", ({ below }) => {
      const bytes = below(2 ** 16);
      const file = npy("<f4", false, [1000], bytes);
      return { file, what: `${bytes} bytes`, expected: bytes < 4000 ? "error" : undefined };
    }),
  ];
}
