/**
 * The training example on pictures that are drawn: once without a stop, and once ended on the way and
 * resumed. Prints how far apart the two are, and draws both into `docs/images/train.svg`.
 *
 * Run it by `deno task bench train [--pictures N] [--epochs N]`.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { SqliteWriter } from "../mod.ts";
import { drawRecords } from "../src/cli/drawings.ts";
import { lineChart, type Point } from "../tools/chart.ts";
import { importFlags, path } from "../tools/imports.ts";

/** What of the example's checkpoint is looked at. */
interface Course {
  losses: number[];
  accuracies: { step: number; accuracy: number }[];
}

const { values: { pictures, epochs } } = parseArgs({
  options: {
    pictures: { type: "string", default: "800" },
    epochs: { type: "string", default: "12" },
  },
});
const dir = await Deno.makeTempDir();
const sqlite = join(dir, "set.sqlite");

/** Runs the example; its checkpoint tells what became of it. */
async function train(name: string, args: string[] = []): Promise<Course> {
  const checkpoint = join(dir, `${name}.json`);
  const flags = ["--sqlite", sqlite, "--epochs", epochs, "--checkpoint", checkpoint, ...args];
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "-q", ...await importFlags(), path("examples/train.ts"), ...flags],
    stdout: "inherit",
    stderr: "piped",
  }).output();
  if (code !== 0) throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(await Deno.readTextFile(checkpoint));
}

try {
  {
    await using writer = new SqliteWriter(sqlite);
    await writer.createTables();
    for (const record of drawRecords(Number(pictures))) await writer.write(record);
  }
  console.log("without a stop:");
  const whole = await train("whole");
  // In the middle of an epoch.
  const cut = Math.floor(whole.losses.length * 0.45);
  console.log(`ended after ${cut} steps:`);
  await train("resumed", ["--steps", `${cut}`]);
  console.log("resumed:");
  const resumed = await train("resumed");
  const off = whole.losses.map((loss, i) => Math.abs(loss - resumed.losses[i]));
  const accuracies = [whole, resumed].map((course) => course.accuracies.at(-1)!.accuracy);
  const points: Point[] = [
    ...whole.losses.map((y, i) => ({ x: i + 1, y, line: "loss" })),
    ...resumed.losses.map((y, i) => ({ x: i + 1, y, line: "loss, resumed" })).slice(cut),
    ...whole.accuracies.map(({ step, accuracy }) => ({
      x: step,
      y: accuracy,
      line: "accuracy on unseen samples",
    })),
  ];
  const axes = { title: `Training, resumed after step ${cut}`, x: "step", y: "loss, accuracy" };
  await Deno.writeTextFile(path("docs/images/train.svg"), await lineChart(points, axes));
  console.log(JSON.stringify({
    steps: [whole.losses.length, resumed.losses.length],
    loss_off: Math.max(...off),
    accuracies,
  }));
} finally {
  await Deno.remove(dir, { recursive: true });
}
