import { assert, assertMatch } from "@std/assert";
import { tempFolder } from "../../tools/temp.ts";
import { follow } from "./guide.ts";

Deno.test("Getting started, followed by its text alone, trains a net, resumes and predicts", async () => {
  const printed = (await follow("docs/getting-started.md", tempFolder())).join("\n");
  const accuracies = [...printed.matchAll(/accuracy (0\.\d+|1\.0+)/g)].map(([, text]) =>
    Number(text)
  );
  assert(accuracies.length === 6, printed);
  // Four classes: chance is 0.25.
  assert(Math.max(...accuracies) > 0.5, printed);
  assertMatch(printed, /resumed after epoch 3/);
  assertMatch(printed, /pictures\/disc\/00000\.jpg: \w+/);
});
