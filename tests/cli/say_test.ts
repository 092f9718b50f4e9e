import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { json } from "../../src/cli/say.ts";
import { path } from "../../tools/imports.ts";
import { notRun } from "../../tools/not_run.ts";
import { tempFolder } from "../../tools/temp.ts";
import { records, writeFiles } from "../dataset/pictures.ts";
import { cassette, type Outcome } from "./command.ts";

/** A title for the terminal, a C1 sequence, an override of direction, and a line of its own. */
const NAME = "a\x1b]0;title\x07\x9b31m\u202egpj.\n\x7f";
const HARM = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
const PRINTED = "names that hold commands for the terminal are printed escaped, by every command";

Deno.test({
  name: PRINTED,
  ignore: notRun(PRINTED, Deno.build.os === "windows" ? "Windows has no such names" : undefined),
  async fn() {
    const dir = tempFolder();
    await writeFiles(dir, {
      [`in/${NAME}/good.jpg`]: records(1)[0].data,
      [`in/cat/${NAME}bad.jpg`]: "no picture",
      [`in/cat/x.${NAME}`]: "",
    });
    const sqlite = join(dir, "set.sqlite");
    const list = join(dir, `${NAME}.list`);
    const commands: [number, string[]][] = [
      [1, ["ingest", join(dir, "in"), "--sqlite", sqlite]],
      [1, ["ingest", join(dir, "in"), "--sqlite", sqlite, "--json"]],
      [1, ["ingest", join(dir, NAME), "--sqlite", sqlite]],
      [0, ["verify", "--sqlite", sqlite]],
      [0, ["list", "--sqlite", sqlite, "--out", list]],
      [0, ["inspect", "--sqlite", sqlite]],
      [0, ["inspect", "--sqlite", sqlite, "--json"]],
      [0, ["show", `${NAME}/good.jpg`, "--sqlite", sqlite]],
      [0, ["split", "--list", list, "--ratios", "train=1", "--out", join(dir, "s")]],
    ];
    for (const [code, args] of commands) {
      const outcome: Outcome = await cassette(args);
      assertEquals(outcome.code, code, `${args}: ${outcome.err}`);
      const lines = [...outcome.out.split("\n"), ...outcome.err];
      assertEquals(lines.filter((line) => HARM.test(line)), [], args.join(" "));
    }
    const { out } = await cassette(["show", `${NAME}/good.jpg`, "--sqlite", sqlite, "--json"]);
    assertEquals(JSON.parse(out).path, `${NAME}/good.jpg`);
    assertStringIncludes(out, "\\u009b31m");
    assertEquals(JSON.parse(json({ name: NAME })), { name: NAME });
  },
});

Deno.test("the commands print through say.ts alone", async () => {
  for await (const { name } of Deno.readDir(path("src/cli"))) {
    const text = await Deno.readTextFile(path(`src/cli/${name}`));
    assertEquals([name, /\bconsole\./.test(text)], [name, name === "say.ts"]);
  }
});
