import { assert, assertEquals } from "@std/assert";
import { readNpy } from "../../src/codec/npy.ts";
import { random } from "../jpeg/support.ts";

/** Formats, and the bytes that a change of byte order turns round. */
const FORMATS = [
  ...["b1", "i1", "u1"].map((dtype) => ({ dtype, width: 1 })),
  ...["i2", "u2", "f2"].map((dtype) => ({ dtype, width: 2 })),
  ...["i4", "u4", "f4", "c8"].map((dtype) => ({ dtype, width: 4 })),
  ...["i8", "u8", "f8", "c16"].map((dtype) => ({ dtype, width: 8 })),
];

/** An array of a random shape, format and order: its file, and its elements' bytes by the definition. */
function draw(seed: number) {
  const next = random(seed);
  const below = (count: number) => Math.floor(next() * count);
  const { dtype, width } = FORMATS[below(FORMATS.length)];
  const itemBytes = Number(dtype.slice(1));
  const shape = Array.from({ length: below(7) }, () => [0, 1, 1, 2, 3, 4, 5][below(7)]);
  const count = shape.reduce((product, size) => product * size, 1);
  const fortran = next() < 0.5;
  const big = next() < 0.5;
  const elements = Array.from(
    { length: count },
    () => Uint8Array.from({ length: itemBytes }, () => below(dtype === "b1" ? 2 : 256)),
  );
  const data = new Uint8Array(count * itemBytes);
  elements.forEach((element, place) => {
    // The index of each dimension from the place in C order; then the place in the file's order.
    const index: number[] = [];
    shape.reduceRight((rest, size, d) => (index[d] = rest % size, Math.floor(rest / size)), place);
    const stored = fortran
      ? index.reduceRight((at, i, d) => at * shape[d] + i, 0)
      : index.reduce((at, i, d) => at * shape[d] + i, 0);
    for (let b = 0; b < itemBytes; b++) {
      const swapped = big ? b - b % width + width - 1 - b % width : b;
      data[stored * itemBytes + b] = element[swapped];
    }
  });
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const mark = width === 1 ? "|" : big ? ">" : "<";
  const header = new TextEncoder().encode(
    `{'descr': '${mark}${dtype}', 'fortran_order': ${
      fortran ? "True" : "False"
    }, 'shape': ${tuple}, }\n`,
  );
  const version = 1 + below(3);
  const length = version === 1 ? [header.length, 0] : [header.length, 0, 0, 0];
  const magic = [0x93, ...new TextEncoder().encode("NUMPY"), version, 0];
  const file = Uint8Array.from([...magic, ...length, ...header, ...data]);
  const bytes = Uint8Array.from(elements.flatMap((element) => [...element]));
  return { file, dtype, shape, bytes };
}

Deno.test("readNpy gives arrays of random shapes, formats and orders as they are defined", () => {
  const seen = new Set<string>();
  for (let seed = 0; seed < 2000; seed++) {
    const { file, dtype, shape, bytes } = draw(seed);
    const array = readNpy(file);
    assertEquals([array.dtype, array.shape], [dtype, shape], `seed ${seed}`);
    assertEquals(new Uint8Array(array.data.buffer), bytes, `seed ${seed}`);
    seen.add(dtype);
  }
  assertEquals(seen.size, FORMATS.length);
});

Deno.test("a .npy file of Fortran order takes as long by element, whatever its dimensions", () => {
  // 2²⁰ bytes in 2 and in 20 dimensions: a cost by element and dimension would be ten times as long.
  const time = (sizes: number[]) => {
    const header = new TextEncoder().encode(
      `{'descr': '|u1', 'fortran_order': True, 'shape': (${sizes.join(", ")}), }\n`,
    );
    const file = new Uint8Array(10 + header.length + 2 ** 20);
    file.set([0x93, ...new TextEncoder().encode("NUMPY"), 1, 0, header.length, 0]);
    file.set(header, 10);
    let least = Infinity;
    for (let i = 0; i < 5; i++) {
      const start = performance.now();
      readNpy(file);
      least = Math.min(least, performance.now() - start);
    }
    return least;
  };
  const [flat, deep] = [time([1024, 1024]), time(new Array(20).fill(2))];
  assert(deep < 8 * flat, `${deep} ms after ${flat} ms`);
});
