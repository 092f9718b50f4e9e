import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { encode } from "fast-png";
import { pictureFolder } from "../dataset/pictures.ts";
import { cassette } from "./command.ts";

Deno.test("pictures that cannot be decoded are left out by --check, and found by verify --decode", async () => {
  const dir = await pictureFolder(4);
  const at = (name: string) => join(dir, "disc", name);
  const whole = await Deno.readFile(at("00000.jpg"));
  // Begins as a JPEG file does; has no end; has a table that is none; and a PNG file that is cut off.
  await Deno.writeFile(at("a.jpg"), whole.slice(0, 300));
  await Deno.writeFile(at("b.jpg"), Uint8Array.of(0xff, 0xd8, 0xff, 1, 2, 3));
  const png = encode({ width: 40, height: 40, channels: 3, data: new Uint8Array(4800).fill(7) });
  await Deno.writeFile(at("c.png"), png.slice(0, png.length - 30));
  await Deno.writeFile(at("d.png"), png);
  const bad = ["disc/a.jpg", "disc/b.jpg", "disc/c.png"];
  const sqlite = join(dir, "unchecked.sqlite");
  assertEquals((await cassette(["ingest", dir, "--sqlite", sqlite])).code, 0);
  assertEquals((await cassette(["verify", "--sqlite", sqlite])).code, 0);
  const verified = await cassette(["verify", "--sqlite", sqlite, "--decode"]);
  assertEquals(verified.code, 1);
  assertStringIncludes(verified.out, "8 samples");
  assertStringIncludes(verified.out, "3 that cannot be decoded");
  assertEquals(verified.err.map((line) => line.split(":")[0]).sort(), bad);
  const checked = join(dir, "checked.sqlite");
  const { code, out, err } = await cassette([
    "ingest",
    dir,
    "--sqlite",
    checked,
    "--check",
    "--json",
  ]);
  assertEquals(code, 1);
  const { written, rejected } = JSON.parse(out);
  assertEquals([written, rejected], [5, bad]);
  assertMatch(err.join("\n"), /disc\/a\.jpg: CorruptJpegError/);
  const again = await cassette(["verify", "--sqlite", checked, "--decode", "--json"]);
  assertEquals([again.code, JSON.parse(again.out).undecodable], [0, 0]);
});
