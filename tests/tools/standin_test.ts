import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertExists,
  assertGreater,
  assertInstanceOf,
  AssertionError,
  assertMatch,
  assertNotEquals,
  assertObjectMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { basename, dirname, extname, fromFileUrl, join, toFileUrl } from "@std/path";

// These hold for the package of that name and for its stand-in, whichever is mapped.

function refuses(check: () => void, ...says: string[]): void {
  const error = assertThrows(check, AssertionError);
  for (const text of says) assertStringIncludes(error.message, text);
}

Deno.test("assertEquals() compares deeply, typed arrays by value and place", () => {
  assertEquals({ a: [1, { b: new Map([[1, 2]]) }] }, { a: [1, { b: new Map([[1, 2]]) }] });
  assertEquals(Uint8Array.of(1, 2), Uint8Array.of(1, 2));
  assertEquals(Float32Array.of(NaN), Float32Array.of(NaN));
  refuses(() => assertEquals<unknown>({ a: 1 }, { a: 2 }), "not equal");
  refuses(() => assertEquals(Uint8Array.of(1, 2), Uint8Array.of(1, 3)), "not equal");
  refuses(() => assertEquals(Uint8Array.of(1, 2), Uint8Array.of(1)), "not equal");
  refuses(() => assertEquals<unknown>(Uint8Array.of(1), Int8Array.of(1)));
  refuses(() => assertEquals<unknown>("1", 1, "the label"), "the label");
  assertNotEquals([1], [2]);
  refuses(() => assertNotEquals([1], [1]));
});

Deno.test("assertThrows() and assertRejects() return the error that they expect", async () => {
  const thrown = assertThrows(() => JSON.parse("{"), SyntaxError);
  assertInstanceOf(thrown, SyntaxError);
  const fail = () => Promise.reject(new RangeError("out of range: 7"));
  const error: RangeError = await assertRejects(fail, RangeError, "range: 7");
  assertEquals(error.message, "out of range: 7");
  await assertRejects(() => assertRejects(fail, TypeError), AssertionError, "TypeError");
  await assertRejects(() => assertRejects(fail, RangeError, "of 8"), AssertionError, "of 8");
  await assertRejects(() => assertRejects(() => Promise.resolve(1)), AssertionError, "reject");
  refuses(() => assertThrows(() => 1), "throw");
  refuses(() => assertThrows(() => JSON.parse("{"), TypeError), "TypeError");
});

Deno.test("the other assertions hold and fail as they say", () => {
  assert(1);
  refuses(() => assert(0, "zero"), "zero");
  assertAlmostEquals(1, 1 + 1e-9);
  refuses(() => assertAlmostEquals(1, 1.01, 1e-3), "1.01");
  assertStrictEquals(thisObject, thisObject);
  refuses(() => assertStrictEquals<unknown>(thisObject, {}));
  assertExists(0);
  refuses(() => assertExists(null));
  assertInstanceOf(new TypeError("a"), Error);
  refuses(() => assertInstanceOf({}, Error), "Error");
  assertMatch("shard 3", /\d/);
  refuses(() => assertMatch("shard", /\d/));
  assertGreater(2, 1);
  refuses(() => assertGreater(1, 1));
  assertObjectMatch({ a: 1, b: { c: 2, d: 3 } }, { b: { c: 2 } });
  refuses(() => assertObjectMatch({ a: 1 }, { a: 2 }));
});

Deno.test("paths and file URLs are turned into each other", () => {
  const path = join("/a folder", "..", "b c", "d.jpg");
  assertEquals(path, "/b c/d.jpg");
  assertEquals([dirname(path), basename(path), extname(path)], ["/b c", "d.jpg", ".jpg"]);
  assertEquals(toFileUrl(path).href, "file:///b%20c/d.jpg");
  assertEquals(fromFileUrl(toFileUrl(path)), path);
});

const thisObject = {};
