import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import {
  NO_PART,
  readSplit,
  readSplitFile,
  type SampleList,
  type SampleSplit,
  splitCounts,
  splitList,
  splitPart,
  UsageError,
  writeSplit,
} from "../../mod.ts";
import { hashPlace, murmur3 } from "../../src/dataset/hash.ts";
import { ListBuilder } from "../../src/dataset/list_builder.ts";
import { pathId } from "../../src/dataset/record.ts";
import { tempFolder } from "../../tools/temp.ts";

/** Samples of classes of given sizes; each patient has five samples in a row. */
function listOf(...sizes: number[]): SampleList {
  const builder = new ListBuilder(["patient"]);
  sizes.forEach((size, label) => {
    for (let i = 0; i < size; i++) {
      builder.add(pathId(`${label}/${i}`), label, `class ${label}`, [
        `p${label}-${Math.floor(i / 5)}`,
      ]);
    }
  });
  return builder.build();
}

const partsOf = (split: SampleSplit) =>
  splitCounts(split).map(({ parts, rest }) => [...parts, rest]);

function partById({ list, part }: SampleSplit): Map<string, number> {
  return new Map([...list.ids].map((id, i) => [id, part[i]]));
}

/** Samples of `before` that are in another part in `after`. */
function moved(before: SampleSplit, after: SampleSplit): number {
  const now = partById(after);
  return [...partById(before)].filter(([id, part]) => now.get(id) !== part).length;
}

Deno.test("MurmurHash3 gives the known values, and places are even", () => {
  const text = (value: string) => new TextEncoder().encode(value);
  assertEquals(murmur3(text(""), 1), 0x514e28b7);
  assertEquals(murmur3(text("test"), 0), 0xba6bd213);
  assertEquals(murmur3(text("Hello, world!"), 0x9747b28c), 0x24884cba);
  const bins = new Array(16).fill(0);
  for (let i = 0; i < 16_000; i++) bins[Math.floor(hashPlace(text(`${i}`), 2 ** 40 + 3) * 16)]++;
  // Chi-squared with 15 degrees of freedom: above 45 with a probability of 8e-5.
  assert(bins.reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0) < 45, String(bins));
});

Deno.test("a split by ratio is stable: added samples move nobody", () => {
  const options = { ratios: { train: 0.7, val: 0.2, test: 0.1 }, seed: 5 };
  const before = splitList(listOf(1000, 300), options);
  const after = splitList(listOf(1500, 900, 40), options);
  assertEquals(moved(before, after), 0);
  for (const [train, val, test, rest] of partsOf(after).slice(0, 2)) {
    const all = train + val + test;
    assert(Math.abs(train / all - 0.7) < 0.06 && Math.abs(val / all - 0.2) < 0.05);
    assertEquals(rest, 0);
  }
  assert(moved(before, splitList(listOf(1000, 300), { ...options, seed: 6 })) > 300);
  const part = splitList(listOf(1000), { ratios: { a: 0.25, b: 0.25 } });
  assert(Math.abs(partsOf(part)[0][2] - 500) < 60);
});

Deno.test("exact splits have the sizes asked for, in each class alike", () => {
  const ratios = { train: 0.7, val: 0.3 };
  const list = listOf(100, 50, 11);
  assertEquals(partsOf(splitList(list, { ratios, exact: true })), [[70, 30, 0], [35, 15, 0], [
    8,
    3,
    0,
  ]]);
  const random = splitList(list, { ratios, exact: true, balance: "random" });
  assertEquals(splitPart(random, "train").ids.length, 113);
  assertEquals(splitPart(random, "val").ids.length, 48);
  const counts = splitList(list, { counts: { train: 80, val: 20 } });
  assertEquals(partsOf(counts).map(([train]) => train).reduce((a, b) => a + b), 80);
  assertEquals(partsOf(counts).map(([, val]) => val).reduce((a, b) => a + b), 20);
});

Deno.test("exact sizes are exact whatever the classes, each of which is cut alike too", () => {
  let state = 1;
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % below;
  };
  for (let round = 0; round < 300; round++) {
    const held = Array.from({ length: 1 + random(8) }, () => 1 + random(random(2) ? 4 : 60));
    const list = listOf(...held);
    const weights = Array.from({ length: 1 + random(4) }, () => 1 + random(9));
    // All samples are in a part, or some in none.
    const sum = weights.reduce((a, b) => a + b) * (round % 2 ? 1 : 1.5);
    const ratios = Object.fromEntries(weights.map((weight, i) => [`p${i}`, weight / sum]));
    const rows = partsOf(splitList(list, { ratios, exact: true, seed: round }));
    weights.forEach((weight, i) => {
      const size = rows.reduce((all, row) => all + row[i], 0);
      const said = `${held} by ${weights}: ${rows.join("; ")}`;
      assert(Math.abs(size - list.ids.length * weight / sum) < 1, said);
      rows.forEach((row, label) => {
        assert(Math.abs(row[i] - held[label] * weight / sum) < 2, said);
      });
    });
    if (round % 2) assertEquals(rows.map((row) => row.at(-1)), held.map(() => 0));
  }
});

Deno.test("classes are balanced as asked", () => {
  const list = listOf(100, 50, 10);
  const even = splitList(list, { ratios: { train: 0.6, val: 0.4 }, balance: "class" });
  assertEquals(partsOf(even), [[6, 4, 90], [6, 4, 40], [6, 4, 0]]);
  const count = splitList(list, { counts: { train: 15, val: 6 }, balance: "class" });
  assertEquals(partsOf(count).map(([train, val]) => [train, val]), [[5, 2], [5, 2], [5, 2]]);
  const weighted = splitList(list, {
    ratios: { a: 0.4, b: 0.6 },
    balance: { 0: 1, 1: 2, 2: 0 },
  });
  assertEquals(partsOf(weighted), [[10, 15, 75], [20, 30, 0], [0, 0, 10]]);
  assertEquals(partsOf(splitList(list, { counts: { a: 1 } })).flat().reduce((a, b) => a + b), 160);
  assertEquals(splitPart(splitList(list, { counts: { a: 1 } }), "a").ids.length, 1);
  const few = () => splitList(list, { counts: { a: 60 }, balance: "class" });
  const two = () => splitList(listOf(9, 9, 5), { counts: { a: 19 }, balance: { 0: 1, 1: 1 } });
  assertThrows(two, UsageError, "at most 18 together, the samples that there are: received 19");
  const none = () => splitList(listOf(), { counts: { a: 2, b: 1 } });
  assertThrows(none, UsageError, "at most 0 together, the samples that there are: received 3");
  assertThrows(few, UsageError, "class 2");
});

Deno.test("no entity is in two parts, however the split is made", () => {
  const list = listOf(500, 203, 57);
  const patients = list.columns.get("patient")!;
  const ratios = { train: 0.8, val: 0.2 };
  for (
    const options of [
      { ratios },
      { ratios, exact: true },
      { ratios, exact: true, balance: "random" as const },
      { ratios, balance: "class" as const },
      { counts: { train: 300, val: 100 } },
    ]
  ) {
    const split = splitList(list, { ...options, entity: "patient", seed: 3 });
    const parts = new Map<unknown, Set<number>>();
    split.part.forEach((part, i) => {
      const patient = patients.at(i);
      parts.set(patient, (parts.get(patient) ?? new Set()).add(part));
    });
    assert([...parts.values()].every((set) => set.size === 1));
    const [train, val] = ["train", "val"].map((name) => splitPart(split, name).ids.length);
    assert(train > val && val > 0);
    if ("exact" in options) assert(Math.abs(train - 608) <= 15, `${train} for training`);
  }
  assertThrows(() => splitList(list, { ratios, entity: "hospital" }), UsageError, '"patient"');
});

Deno.test("with an earlier split its samples stay, and sizes are filled up", () => {
  const ratios = { train: 0.5, val: 0.5 };
  const before = splitList(listOf(100, 20), { ratios, exact: true });
  const after = splitList(listOf(160, 40), { ratios, exact: true, previous: before });
  assertEquals(moved(before, after), 0);
  assertEquals(partsOf(after), [[80, 80, 0], [20, 20, 0]]);
  assertEquals(after.provenance.previous, before.provenance);
});

Deno.test("a split file keeps the split and its provenance, and gives the loader its ids", async () => {
  const path = join(tempFolder(), "a.split");
  const list = listOf(30, 20);
  const options = { counts: { train: 20, val: 10 }, seed: 9, from: "set.sqlite" };
  const split = splitList(list, options);
  await writeSplit(path, split);
  const read = await readSplitFile(path);
  assertEquals([read.parts, [...read.part]], [["train", "val"], [...split.part]]);
  assertEquals(read.provenance, split.provenance);
  assertEquals([read.provenance.seed, read.provenance.from], [9, "set.sqlite"]);
  assertEquals([...await readSplit(path, "val")], [...splitPart(split, "val").ids]);
  assertEquals([...read.list.labels], [...list.labels]);
  assertEquals(split.part.filter((part) => part === NO_PART).length, 20);
  await assertRejects(() => readSplit(path, "test"), UsageError, '"train", "val"');
  const again = join(path, "../b.split");
  await writeSplit(again, splitList(listOf(30, 20), options));
  assertEquals(await Deno.readFile(again), await Deno.readFile(path));
});

Deno.test("options of a split that make no sense are refused", () => {
  const list = listOf(10);
  const cases: [Parameters<typeof splitList>[1], string][] = [
    [{}, "ratios"],
    [{ ratios: { a: 1 }, counts: { a: 1 } }, "ratios"],
    [{ ratios: { a: 0.7, b: 0.4 } }, "ratios"],
    [{ ratios: { a: 0 } }, "ratios"],
    [{ ratios: {} }, "ratios"],
    [{ counts: { a: 1.5 } }, "counts"],
    [{ counts: { a: 11 } }, "counts"],
    [{ ratios: { a: 1 }, seed: 0.5 }, "seed"],
    [{ ratios: { a: 1 }, balance: "even" as "class" }, "balance"],
    [{ ratios: { a: 1 }, balance: { 5: 1 } }, "balance"],
    [{ ratios: { a: 1 }, previous: splitList(list, { ratios: { a: 0.5, b: 0.5 } }) }, "previous"],
  ];
  for (const [options, option] of cases) {
    assertEquals(assertThrows(() => splitList(list, options), UsageError).option, option);
  }
});
