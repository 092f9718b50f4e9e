import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Family, runFamilies, type Subject, table } from "./family.ts";

const GOOD = new Uint8Array(1000);
/** First byte of a file that is dear, and of one that is decoded wrong. */
const DEAR = 1;
const WRONG = 2;

/** Takes a millisecond for 20,000 bytes, and two seconds for a dear file. */
function subject(spoils: boolean): Subject<Disposable> {
  return {
    neighbours: [GOOD, GOOD],
    baseline: new Uint8Array(1_000_000),
    pixels: () => 0,
    decode(files) {
      const bytes = files.reduce((sum, { length }) => sum + length, 0);
      const dear = files.some(([kind]) => kind === DEAR);
      const end = performance.now() + bytes / 20_000 + (dear ? 2000 : 0);
      while (performance.now() < end);
      return Promise.resolve({ [Symbol.dispose]() {} });
    },
    judge(_, _index, [kind], neighbour) {
      const wrong = kind === WRONG || neighbour && spoils ? "it differs" : undefined;
      return Promise.resolve({ outcome: kind === WRONG ? "wrong" : "equal", wrong });
    },
  };
}

function family(first: number): Family {
  return {
    name: `files that begin with ${first}`,
    make: (seed) => ({ file: Uint8Array.of(first, seed), what: `${seed} times` }),
  };
}

Deno.test("a family of files that are cheap and right is counted, and nothing is wrong", async () => {
  const [report] = await runFamilies(subject(false), [family(0)], { count: 3 });
  assertEquals(report.wrong, []);
  assertEquals(report.files, 3);
  assertEquals(report.outcomes, { equal: 3 });
  assertEquals(report.neighbours, 6);
  assertMatch(table([report]), /files that begin with 0 \| 3 \| 3 equal \| 6 \|/);
});

Deno.test("a file that costs more than its bytes and pixels allow is told of, with the bound", async () => {
  const [report] = await runFamilies(subject(false), [family(DEAR)], { count: 1, seed: 7 });
  assertEquals(report.wrong.length, 1);
  assertMatch(report.wrong[0], /seed 7 \(7 times\): ms must be at most 100 times .*: received \d+/);
  assert(report.worst.ms.cost > 1900);
});

Deno.test("a wrong outcome is told of, and so is a neighbour that is not as it was", async () => {
  const [report] = await runFamilies(subject(false), [family(WRONG)], { count: 1 });
  assertMatch(report.wrong[0], /seed 1 .*, file 1: it differs/);
  const [spoiled] = await runFamilies(subject(true), [family(0)], { count: 1 });
  assertEquals(spoiled.neighbours, 0);
  assertEquals(spoiled.wrong.length, 2);
});
