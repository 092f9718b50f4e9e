import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { drawRecords } from "../../src/cli/drawings.ts";
import { cassette, djpeg } from "./command.ts";
import { tempFolder } from "../../tools/temp.ts";

/** A folder with three drawn pictures and whatever else a test wants. */
async function folder(extra: Record<string, Uint8Array | string> = {}): Promise<string> {
  const dir = tempFolder();
  let i = 0;
  for (const { data } of drawRecords(3)) await Deno.writeFile(join(dir, `p${i++}.jpg`), data);
  for (const [name, content] of Object.entries(extra)) {
    await Deno.mkdir(join(dir, name, ".."), { recursive: true });
    await (typeof content === "string"
      ? Deno.writeTextFile(join(dir, name), content)
      : Deno.writeFile(join(dir, name), content));
  }
  return dir;
}

Deno.test("cassette decode writes what djpeg writes, and says what it cannot decode", async () => {
  const dir = await folder({ "text.jpg": "no picture", "empty.jpg": "" });
  const good = ["p0.jpg", "p1.jpg", "p2.jpg"].map((name) => join(dir, name));
  const bad = ["text.jpg", "empty.jpg", "missing.jpg"].map((name) => join(dir, name));
  await Deno.writeTextFile(join(dir, "list"), [good[1], bad[0], good[2]].join("\n") + "\n");
  const out = join(dir, "out");
  const { code, err } = await cassette([
    "decode",
    "--out",
    out,
    "--list",
    join(dir, "list"),
    good[0],
    bad[1],
    bad[2],
  ]);
  assertEquals(code, 1);
  assertEquals(err.length, 3);
  for (const file of bad) {
    const line = err.find((line) => line.startsWith(`${file}: `));
    assert(line && /: [A-Z]\w+: /.test(line), `no line names ${file}: ${err}`);
  }
  assertEquals([...Deno.readDirSync(out)].map(({ name }) => name).sort(), [
    "p0.ppm",
    "p1.ppm",
    "p2.ppm",
  ]);
  for (const [i, file] of good.entries()) {
    assertEquals(await Deno.readFile(join(out, `p${i}.ppm`)), await djpeg(file));
  }
});

Deno.test("cassette decode refuses two inputs with one output name before it decodes", async () => {
  const dir = await folder({ "sub/p0.jpeg": "no picture" });
  const out = join(dir, "out");
  const { code, err } = await cassette([
    "decode",
    "--out",
    out,
    join(dir, "p0.jpg"),
    join(dir, "sub/p0.jpeg"),
  ]);
  assertEquals(code, 1);
  assertStringIncludes(err[0], "must have an output name of its own");
  await Deno.stat(out).then(() => assert(false), () => {});
});

Deno.test("cassette tells what is wrong with a command line", async () => {
  const cases: [string[], number, string][] = [
    [["decode"], 2, "--out"],
    [["decode", "--out", "x"], 1, "must be named"],
    [["decode", "--out", "x", "--orientation", "left", "a.jpg"], 2, "apply, ignore"],
    [["decode", "--out", "x", "--list", "no-such-list"], 1, "no-such-list"],
    [["ingest", "."], 1, "--sqlite, --cassandra"],
    [["sheet", "--sqlite", "a", "--cassandra", "b"], 1, "received 2"],
    [["sheet", "--samples", "none", "--sqlite", "a"], 2, "samples must be"],
    [["unknown"], 2, "unknown command"],
  ];
  for (const [args, expected, message] of cases) {
    const { code, err } = await cassette(args);
    assertEquals([code, args], [expected, args]);
    assertStringIncludes(err.join("\n"), message);
  }
});
