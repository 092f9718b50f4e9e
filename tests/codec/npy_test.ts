import { assert, assertEquals, assertThrows } from "@std/assert";
import { readNpy } from "../../src/codec/npy.ts";
import { UnsupportedFormatError } from "../../src/errors.ts";
// Written by NumPy 2: each file with the values that NumPy reads from it, in C order.
import cases from "./npy_cases.json" with { type: "json" };

for (const { name, file, dtype, shape, values } of cases) {
  Deno.test(`readNpy reads what NumPy wrote: ${name}`, () => {
    const array = readNpy(Uint8Array.fromBase64(file));
    assertEquals([array.dtype, array.shape], [dtype, shape]);
    const numbers = Array.from(
      array.data as ArrayLike<number | bigint>,
      (value) => typeof value === "bigint" ? String(value) : value,
    );
    assertEquals(numbers, values as (number | string)[]);
  });
}

function npy(header: string, data: number[], version = 1): Uint8Array {
  const text = new TextEncoder().encode(header);
  const length = version === 1 ? [text.length, 0] : [text.length, 0, 0, 0];
  const magic = [0x93, ...new TextEncoder().encode("NUMPY"), version, 0];
  return new Uint8Array([...magic, ...length, ...text, ...data]);
}

Deno.test("readNpy says what is wrong with a file", () => {
  const header = (descr: string, shape: string) =>
    `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }\n`;
  const files: [Uint8Array, string][] = [
    [new Uint8Array(0), "must begin with"],
    [new TextEncoder().encode("PK\x03\x04 a zip of arrays"), "must begin with"],
    [npy("", [], 9), "version must be 1, 2 or 3: received 9"],
    [npy(header("<f4", "(3,)"), [1, 2, 3, 4]), "must have 12 bytes: received 4"],
    [npy(header("<f4", "(1,)"), [0, 0, 0, 0, 0]), "must have 4 bytes: received 5"],
    [npy(header("|O", "(1,)"), [0]), 'received "|O"'],
    [npy(header("<U3", "(1,)"), [0]), 'received "<U3"'],
    [npy(header("<constructor", "(1,)"), [0]), 'received "<constructor"'],
    [npy(header("<__proto__", "(1,)"), [0]), 'received "<__proto__"'],
    [npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", [0]), "descr"],
    [npy(header("<f4", "(99999999999, 99999999999)"), []), "bytes: received 0"],
    [npy("{}", []).subarray(0, 9), "must have a header"],
    [npy(header("<f4", "()"), []).subarray(0, 30), "its header must have"],
  ];
  for (const [file, message] of files) {
    assertThrows(() => readNpy(file), UnsupportedFormatError, message);
  }
});

Deno.test("readNpy takes a view into a larger buffer, and gives a copy", () => {
  const whole = Uint8Array.fromBase64(cases[8].file);
  const shifted = new Uint8Array(whole.length + 3);
  shifted.set(whole, 3);
  const { data } = readNpy(shifted.subarray(3));
  const before = [...data as Uint16Array];
  shifted.fill(0);
  assertEquals([...data as Uint16Array], before);
  assert(data.buffer !== shifted.buffer);
});
