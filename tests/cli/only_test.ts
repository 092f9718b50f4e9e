import { assertEquals, assertThrows } from "@std/assert";
import { OnlyConditions } from "../../src/cli/only.ts";
import { UsageError } from "../../mod.ts";

const ROWS = ["cat", "dog", "cat"].map((name, i) => ({ class: name, label: i, columns: ["a"] }));

function list(...texts: string[]): { kept: number[]; warnings: string[] } {
  const only = new OnlyConditions(texts);
  const names = ["set"];
  const kept = ROWS.flatMap((row, i) =>
    only.accepts(row as unknown as Parameters<typeof only.accepts>[0], names) ? [i] : []
  );
  const warnings: string[] = [];
  only.check((message) => warnings.push(message));
  return { kept, warnings };
}

Deno.test("--only keeps rows of the values that it names", () => {
  assertEquals(list("class=cat,dog", "label=0,1"), { kept: [0, 1], warnings: [] });
  assertEquals(list("set=a"), { kept: [0, 1, 2], warnings: [] });
});

Deno.test("--only says by name which of its values no row has, and which was meant", () => {
  const refused = [
    [["class=dgo"], "received class=dgo, which no row has (did you mean class=dog?)"],
    [["class=dgo,horse"], "class=dgo, which no row has"],
    [["set=test"], "set=test, which no row has"],
    [["class=dog", "label=0"], "class=dog and label=0, which no row has together"],
    [["class"], 'received "class"'],
  ] as const;
  for (const [texts, message] of refused) {
    const error = assertThrows(() => list(...texts), UsageError, message);
    assertEquals(error.option, "only");
  }
  assertEquals(list("class=cat,dgo").warnings, [
    "--only: received class=dgo, which no row has (did you mean class=dog?)",
  ]);
});
