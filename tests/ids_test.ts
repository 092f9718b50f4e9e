import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { formatId, IdList, parseId, pathId, UsageError } from "../mod.ts";

const A = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6";
const B = "00000000-0000-0000-0000-000000000001";

Deno.test("ids are read in either case, with and without hyphens", () => {
  for (const text of [A, A.toUpperCase(), A.replaceAll("-", "")]) {
    assertEquals(formatId(parseId(text)), A);
  }
});

Deno.test("what is no UUID is refused and shown", () => {
  for (const text of ["", "seven", A.slice(1), `${A}0`, A.replace("f", "g")]) {
    const error = assertThrows(() => parseId(text), UsageError, `received "${text}"`);
    assertEquals(error.option, "ids");
  }
});

Deno.test("IdList holds ids in order, and picks them by place", () => {
  const list = IdList.from([A, B]);
  assertEquals([...list], [A, B]);
  assertEquals([...list.pick([1, 1, 0])], [B, B, A]);
  assertEquals(list.at(1), B);
  assertStrictEquals(IdList.from(list), list);
  assertEquals(IdList.from(new Set([B])).length, 1);
});

Deno.test("IdList refuses half ids and places that are not there", () => {
  assertThrows(() => new IdList(new Uint8Array(17)), UsageError, "received 17");
  for (const index of [-1, 2, 0.5]) {
    assertThrows(() => IdList.from([A, B]).at(index), UsageError, `received ${index}`);
  }
});

Deno.test("pathId gives one id a path, however its letters are composed", () => {
  assertEquals(formatId(pathId("é/1.jpg")), formatId(pathId("é/1.jpg")));
  assertEquals(new Set(["a/1.jpg", "a/2.jpg", "b/1.jpg"].map((p) => formatId(pathId(p)))).size, 3);
});
