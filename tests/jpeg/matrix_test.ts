import { assert, assertNotEquals } from "@std/assert";
import { JpegDecoder } from "../../src/jpeg/decoder.ts";
import { assertPathsAgree } from "./coefficients.ts";
import { assertSame, cjpeg, djpeg, draw, findMarker, openDevice, type Picture } from "./support.ts";

const SAMPLINGS = [
  "1x1,1x1,1x1",
  "2x1,1x1,1x1",
  "1x2,1x1,1x1",
  "2x2,1x1,1x1",
  "4x1,1x1,1x1",
  "1x4,1x1,1x1",
  "4x2,1x1,1x1",
  "2x4,1x1,1x1",
  "2x2,2x1,1x2",
  "1x1,2x2,1x1",
  "2x2,2x2,1x1",
  "3x1,1x1,1x1",
  "1x3,1x1,3x1",
];
const SIZES = [
  [1, 1],
  [2, 3],
  [3, 2],
  [5, 4],
  [7, 9],
  [8, 8],
  [9, 17],
  [15, 16],
  [16, 31],
  [17, 33],
  [32, 15],
  [50, 37],
];
const VARIANTS = [[], ["-restart", "1"], ["-restart", "3B"], ["-optimize", "-quality", "95"]];

async function check(files: Uint8Array[], names: string[]): Promise<void> {
  await using test = await openDevice();
  using decoder = new JpegDecoder(test.device);
  using images = await decoder.decode(files);
  await assertSame(images, files, names);
  await assertPathsAgree(test.device, files);
}

async function encodeAll(
  cases: { name: string; picture: Picture; args: string[] }[],
): Promise<[Uint8Array[], string[]]> {
  const files = await Promise.all(cases.map(({ picture, args }) => cjpeg(picture, ...args)));
  return [files, cases.map((entry) => entry.name)];
}

for (const sampling of SAMPLINGS) {
  Deno.test(`decoder equals djpeg for sampling ${sampling} at sizes around MCU edges`, async () => {
    const cases = SIZES.map(([width, height], i) => {
      const args = ["-sample", sampling, ...VARIANTS[i % VARIANTS.length]];
      return {
        name: `${width}×${height} ${args.join(" ")}`,
        picture: draw(width, height, i + 1),
        args,
      };
    });
    await check(...await encodeAll(cases));
  });
}

Deno.test("decoder equals djpeg for every quality, with and without optimised tables", async () => {
  const cases = [1, 10, 25, 50, 75, 90, 98, 100].flatMap((quality, i) =>
    [[], ["-optimize"]].map((more) => {
      const args = ["-quality", `${quality}`, ...more];
      return { name: args.join(" "), picture: draw(61, 47, i, 3, 120), args };
    })
  );
  await check(...await encodeAll(cases));
});

Deno.test("decoder equals djpeg for grey, whatever its sampling factors", async () => {
  const cases = SIZES.map(([width, height], i) => {
    const args = ["-sample", i % 2 ? "2x2" : "1x1", ...VARIANTS[i % VARIANTS.length]];
    return {
      name: `${width}×${height} ${args.join(" ")}`,
      picture: draw(width, height, i, 1),
      args: i % 3 ? args : ["-grayscale", ...args],
    };
  });
  await check(...await encodeAll(cases));
});

Deno.test("decoder equals djpeg for RGB files", async () => {
  const cases = SIZES.map(([width, height], i) => ({
    name: `${width}×${height}`,
    picture: draw(width, height, i),
    args: ["-rgb", ...VARIANTS[i % VARIANTS.length]],
  }));
  await check(...await encodeAll(cases));
});

Deno.test("decoder equals djpeg for sequential files of several scans", async () => {
  const script = await Deno.makeTempFile();
  try {
    const scripts = ["0;\n1;\n2;\n", "0;\n1,2;\n", "2;\n0,1;\n"];
    const files: Uint8Array[] = [];
    const names: string[] = [];
    for (const scans of scripts) {
      await Deno.writeTextFile(script, scans);
      for (const sampling of ["2x2,1x1,1x1", "1x1,1x1,1x1", "2x1,1x1,1x1", "1x2,1x1,2x1"]) {
        for (const [width, height] of [[17, 33], [9, 7], [50, 37]]) {
          const args = [
            "-sample",
            sampling,
            "-scans",
            script,
            "-restart",
            width === 9 ? "0" : "2B",
          ];
          files.push(await cjpeg(draw(width, height, width), ...args));
          names.push(`${width}×${height} ${sampling} ${scans.replaceAll("\n", " ")}`);
        }
      }
    }
    await check(files, names);
  } finally {
    await Deno.remove(script);
  }
});

Deno.test("decoder equals djpeg with 16-bit quantisation tables", async () => {
  const cases = [0, 1].map((seed) => ({
    name: `seed ${seed}`,
    picture: draw(40, 40, seed, 3, 250),
    args: ["-quality", "1"],
  }));
  const [files, names] = await encodeAll(cases);
  for (const file of files) assert(file[findMarker(file, 0xdb) + 3] >> 4 === 1);
  await check(files, names);
});

Deno.test("decoder has the integer widths of djpeg's SIMD code on extreme coefficients", async () => {
  const files: Uint8Array[] = [];
  for (let seed = 0; seed < 12; seed++) {
    const file = await cjpeg(
      draw(48, 40, seed, seed % 3 ? 3 : 1, 255),
      "-quality",
      "100",
      "-sample",
      ["1x1", "2x2", "2x1"][seed % 3],
    );
    for (let from = 2;;) {
      let at: number;
      try {
        at = findMarker(file, 0xdb, from);
      } catch {
        break;
      }
      for (let i = 0; i < 64; i++) file[at + 4 + i] = 1 + (seed * 37 + i * 11) % 255;
      from = at + 1 + (file[at + 1] << 8 | file[at + 2]);
    }
    files.push(file);
  }
  let differ = 0;
  for (const file of files) {
    const simd = await djpeg(file);
    const plain = await djpeg(file, { JSIMD_FORCENONE: "1" });
    if (simd.data.some((value, i) => value !== plain.data[i])) differ++;
  }
  assertNotEquals(
    differ,
    0,
    "djpeg must use its SIMD code, as plain C differs: its pictures are the same with JSIMD_FORCENONE=1",
  );
  await check(files, files.map((_, seed) => `seed ${seed}`));
});

Deno.test("decoder equals djpeg where a segment takes several dispatches", async () => {
  const files = [
    await cjpeg(draw(640, 480, 3, 3, 200), "-quality", "95"),
    await cjpeg(draw(31, 500, 4), "-quality", "95", "-sample", "1x1"),
  ];
  await check(files, ["640×480", "31×500"]);
});
