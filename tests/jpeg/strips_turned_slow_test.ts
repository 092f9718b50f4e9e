import { assert, assertEquals } from "@std/assert";
import { stripsDiffer } from "./strips_turned.ts";

const SAMPLINGS = ["2x2", "1x1", "2x1", "1x2", "grey", "4x1", "2x2,2x1,1x2"];
const EDGE = 16;

for (const progressive of [false, true]) {
  const scans = progressive ? "several scans" : "one scan";
  Deno.test(`strips of ${scans} are equal to djpeg for every orientation, sampling, width and height modulo ${EDGE}`, async () => {
    const kinds = Array.from({ length: EDGE * EDGE }, (_, i) => {
      const [across, down] = [i % EDGE, Math.floor(i / EDGE)];
      // Each sampling meets every width and every height, and about a seventh of their pairs.
      const sampling = SAMPLINGS[(across + 3 * down) % SAMPLINGS.length];
      return { width: 96 + across, height: 80 + down, sampling, progressive };
    });
    let compared = 0;
    for (let from = 0; from < kinds.length; from += EDGE) {
      const { wrong, compared: some } = await stripsDiffer(kinds.slice(from, from + EDGE));
      assertEquals(wrong, []);
      compared += some;
    }
    assert(compared > EDGE * EDGE * 4);
  });
}
