import { assert, assertEquals, assertThrows } from "@std/assert";
import { readNpy } from "../../src/codec/npy.ts";
import { LimitsError, UnsupportedFormatError } from "../../src/errors.ts";
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
  const start = version === 1 ? 10 : 12;
  const file = new Uint8Array(start + text.length + data.length);
  file.set([0x93, ...new TextEncoder().encode("NUMPY"), version, 0]);
  const view = new DataView(file.buffer);
  if (version === 1) view.setUint16(8, text.length, true);
  else view.setUint32(8, text.length, true);
  file.set(text, start);
  file.set(data, start + text.length);
  return file;
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
    [npy(header("<f4", "(99999999999, 9999)"), []), "bytes: received 0"],
    [
      npy(header("<f4", "(1 0,)"), [0, 0, 0, 0]),
      "must be a tuple of whole numbers: received (1 0,)",
    ],
    [npy(header("<f4", "(1)"), [0, 0, 0, 0]), "must be a tuple of whole numbers: received (1)"],
    [npy(header("<f4", "(1,,)"), [0, 0, 0, 0]), "must be a tuple of whole numbers: received (1,,)"],
    [npy(header("<f4", "(,)"), [0, 0, 0, 0]), "must be a tuple of whole numbers: received (,)"],
    [npy(header("<f4", "(1,)").replace("}", "'x': 1}"), [0, 0, 0, 0]), "and nothing else"],
    [npy(header("<f4", "(1,)").replace("}", "'descr': '<f4'}"), [0, 0, 0, 0]), "and nothing else"],
    [npy("{}", []).subarray(0, 9), "must have a header"],
    [npy(header("<f4", "()"), []).subarray(0, 30), "its header must have"],
  ];
  for (const [file, message] of files) {
    assertThrows(() => readNpy(file), UnsupportedFormatError, message);
  }
});

Deno.test("readNpy refuses what NumPy has no room for, before it allocates or loops", () => {
  const header = (shape: string, order = "True") =>
    `{'descr': '<f4', 'fortran_order': ${order}, 'shape': ${shape}, }\n`;
  const ones = (count: number) => `(${"1,".repeat(count)})`;
  const item = [0, 0, 128, 63];
  const files: [Uint8Array, string][] = [
    [npy(header(ones(65)), item), "at most 64 dimensions: received 65"],
    [npy(header(`(${"1, ".repeat(20_000)})`), item, 2), "at most 64 dimensions: received 20000"],
    // 5 MB of header, as for 2 million dimensions.
    [npy(header(ones(2 ** 21)), item, 2), "header must have at most 65536 bytes: received 4194"],
    [npy(header("(99999999999, 99999999999)"), []), "bytes: received 99999999999×99999999999"],
    [npy(header("(9007199254740993,)"), []), "a dimension must be at most 9007199254740991"],
    [npy(header("(9007199254740993, 0)"), []), "a dimension must be at most 9007199254740991"],
    [npy(header(`(${"9007199254740991, ".repeat(60)})`), []), "bytes: received 9007199254740991×"],
  ];
  for (const [file, message] of files) assertThrows(() => readNpy(file), LimitsError, message);
  const most = readNpy(npy(header(ones(64)), item));
  assertEquals([most.shape.length, ...most.data], [64, 1]);
  assertEquals(readNpy(npy(header("(9007199254740991, 0)"), [])).data.length, 0);
});

Deno.test("readNpy takes any byte but 0 for true, as NumPy does", () => {
  const file = npy("{'descr': '|b1', 'fortran_order': False, 'shape': (3,)}", [0, 1, 7]);
  assertEquals(readNpy(file).data, Uint8Array.of(0, 1, 1));
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
