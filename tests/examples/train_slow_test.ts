import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { SqliteWriter } from "../../mod.ts";
import { drawRecords } from "../../src/cli/drawings.ts";
import { importFlags, path } from "../../tools/imports.ts";
import { tempFolder } from "../../tools/temp.ts";

async function train(args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "-q", ...await importFlags(), path("examples/train.ts"), ...args],
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

const lastLoss = (text: string) => Number(/step \d+: loss ([\d.]+)/.exec(text)![1]);

Deno.test("the training example learns classes, and a resumed run matches one that was not cut", async () => {
  const dir = tempFolder();
  const sqlite = join(dir, "set.sqlite");
  {
    await using writer = new SqliteWriter(sqlite);
    await writer.createTables();
    for (const record of drawRecords(240)) await writer.write(record);
  }
  const set = ["--sqlite", sqlite];
  const chart = join(dir, "chart.svg");
  const whole = await train([...set, "--epochs", "8", "--chart", chart]);
  const accuracies = [...whole.matchAll(/accuracy on unseen ([\d.]+)/g)].map((m) => Number(m[1]));
  assertEquals(accuracies.length, 8);
  // Four classes: chance is 0.25.
  assert(Math.max(...accuracies.slice(-3)) > 0.6, whole);
  assertMatch(await Deno.readTextFile(chart), /^<svg/);

  const checkpoint = ["--checkpoint", join(dir, "checkpoint.json")];
  const uncut = lastLoss(await train([...set, "--steps", "9"]));
  await train([...set, "--steps", "4", ...checkpoint]);
  const resumed = lastLoss(await train([...set, "--steps", "9", ...checkpoint]));
  assertEquals(resumed, uncut);
});
