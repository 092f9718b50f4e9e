import { assertEquals, assertThrows } from "@std/assert";
import { bytes, intLabels, noLabels, npy, SchemaError } from "../mod.ts";
import { parseLabel } from "../src/labels.ts";
import cases from "./codec/npy_cases.json" with { type: "json" };

const ID = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6";
const BLOB = new Uint8Array([1, 2, 3]);

Deno.test("a label that a reader cannot read is an error that names sample, reader and label", () => {
  const cases = [
    [intLabels(), null, "with intLabels() as it must be a 32-bit integer: received null"],
    [intLabels(), 2 ** 31, "received 2147483648"],
    [intLabels(), 0.5, "received 0.5"],
    [intLabels(), BLOB, "received 3 bytes"],
    [bytes(), 7, "with bytes() as it must be a blob: received 7"],
    [npy(), BLOB, "with npy() as it must begin with \\x93NUMPY: received bytes 010203"],
  ] as const;
  for (const [reader, label, message] of cases) {
    const error = assertThrows(() => parseLabel(reader, label, () => ID), SchemaError, message);
    assertEquals([error.sampleId, error.option], [ID, "labels"]);
  }
});

Deno.test("readers collect what they have read, and null where there is nothing", () => {
  assertEquals(intLabels().collect([intLabels().parse(-5), null]), new Int32Array([-5, -1]));
  assertEquals(bytes().collect([bytes().parse(BLOB), bytes().parse(null)]), [BLOB, null]);
  assertEquals(noLabels().collect([noLabels().parse(7)]), null);
  const array = npy().parse(Uint8Array.fromBase64(cases[8].file));
  assertEquals(npy().collect([array, null]).map((label) => label?.shape), [[2, 3], undefined]);
});
