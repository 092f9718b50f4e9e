import { assemble, pieces } from "./handmade.ts";
import { assertDecodes, cjpeg, draw } from "./support.ts";

const SIZES = [[1, 1], [8, 40], [12, 9], [16, 16], [17, 33], [24, 50], [40, 16], [97, 65]];
const SAMPLINGS = ["1x1,1x1,1x1", "2x2,1x1,1x1", "2x1,1x1,1x1", "1x2,1x1,1x1", "1x4,1x1,1x1"];

/** Scripts that leave bits of AC, or all of it, out. */
const SCRIPTS = [
  "0,1,2: 0-0, 0, 0;",
  "0,1,2: 0-0, 0, 2;",
  "0,1,2: 0-0, 0, 1;\n0: 1-5, 0, 2;",
  "0,1,2: 0-0, 0, 0;\n0: 1-2, 0, 0;\n1: 1-63, 0, 3;",
  "0,1,2: 0-0, 0, 1;\n0: 1-63, 0, 2;\n1: 1-63, 0, 1;\n2: 1-63, 0, 1;\n0: 1-63, 2, 1;",
  "0,1,2: 0-0, 0, 0;\n0: 1-63, 0, 0;\n1: 6-63, 0, 0;",
];

for (const script of SCRIPTS) {
  Deno.test(`incomplete progressive files are smoothed as djpeg's: ${script.replaceAll("\n", " ")}`, async () => {
    const path = await Deno.makeTempFile();
    try {
      await Deno.writeTextFile(path, script);
      const files: Uint8Array[] = [];
      const names: string[] = [];
      for (const [i, [width, height]] of SIZES.entries()) {
        for (const sampling of SAMPLINGS) {
          const args = ["-scans", path, "-sample", sampling, "-quality", `${[50, 90][i % 2]}`];
          files.push(await cjpeg(draw(width, height, i), ...args));
          names.push(`${width}×${height} ${sampling}`);
        }
      }
      await assertDecodes(files, names);
    } finally {
      await Deno.remove(path);
    }
  });
}

Deno.test("pictures that lack any one of their later scans equal djpeg's", async () => {
  const files: Uint8Array[] = [];
  const names: string[] = [];
  for (const [i, args] of [["-sample", "2x2"], ["-grayscale"], ["-rgb"]].entries()) {
    const whole = pieces(await cjpeg(draw(75, 60, i), "-progressive", ...args));
    const scans = whole.map(({ code }, at) => code === 0xda ? at : -1).filter((at) => at >= 0);
    // What comes after the last scan of all is not needed by another scan.
    for (let count = 1; count <= scans.length; count++) {
      files.push(assemble(whole.slice(0, scans[count - 1] + 1)));
      names.push(`${args.join(" ")}: ${count} of ${scans.length} scans`);
    }
  }
  await assertDecodes(files, names);
});
