import { assertEquals, assertMatch } from "@std/assert";
import plugin from "../../tools/lint/spread.ts";

/** What `deno lint` would be told of calls, of which each has the kinds of its arguments. */
function found(filename: string, text: string, calls: unknown[]): string[] {
  const messages: string[] = [];
  const visitor = plugin.rules.spread.create({
    filename,
    sourceCode: { getText: () => text },
    report: ({ message }) => messages.push(message),
  }) as Record<string, (node: unknown) => void>;
  visitor.Program?.({});
  for (const call of calls) visitor.CallExpression?.(call);
  return messages;
}

const spread = (type: string) => ({
  arguments: [{ type: "SpreadElement", argument: { type } }],
});

Deno.test("a list that is spread into a call is refused in src, a literal or a test's is not", () => {
  const calls = [spread("Identifier")];
  assertEquals(found("/project/src/a.ts", "", calls).length, 1);
  assertEquals(found("/project/src/a.ts", "", [spread("ArrayExpression")]), []);
  assertEquals(found("/project/tests/a.ts", "", calls), []);
});

Deno.test("an exception to the rule must state a bound", () => {
  const allow = "// deno-lint-ignore cassette/spread";
  assertMatch(found("/project/src/a.ts", allow, [])[0], /must state its bound/);
  assertEquals(found("/project/src/a.ts", `${allow} -- at most 4 components`, []), []);
});
