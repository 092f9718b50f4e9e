import { assert, assertEquals } from "@std/assert";
import { philox, SampleRandom } from "../../src/augment/philox.ts";

function block(counter: number[], key: [number, number]): string {
  const words = Uint32Array.from(counter);
  philox(words, key[0], key[1]);
  return Array.from(words, (word) => word.toString(16).padStart(8, "0")).join(" ");
}

// Known answers of the authors' library Random123, kat_vectors.
Deno.test("Philox4x32-10 gives the known answers", () => {
  const ones = 0xffffffff;
  assertEquals(block([0, 0, 0, 0], [0, 0]), "6627e8d5 e169c58d bc57ac4c 9b00dbd8");
  assertEquals(
    block([ones, ones, ones, ones], [ones, ones]),
    "408f276d 41c83b0e a20bc7c6 6d5451fd",
  );
  assertEquals(
    block([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0]),
    "d16cfe09 94fdcceb 5001e420 24126ea1",
  );
});

Deno.test("the product of two words is exact in its high half", () => {
  // The first round of a block of zeros but for one word shows one product.
  let state = 12345n;
  for (let i = 0; i < 2000; i++) {
    state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn;
    const counter = [Number(state >> 32n), Number(state & 0xffffffffn), i, ~i >>> 0];
    assertEquals(block(counter, [i, 7]), wide(counter, [i, 7]));
  }
});

/** The same generator in big integers. */
function wide(counter: number[], key: [number, number]): string {
  let [a, b, c, d] = counter.map(BigInt);
  let [k, l] = key.map(BigInt);
  const mask = 0xffffffffn;
  for (let round = 0; round < 10; round++) {
    const p = 0xd2511f53n * a, q = 0xcd9e8d57n * c;
    [a, b, c, d] = [(q >> 32n) ^ b ^ k, q & mask, (p >> 32n) ^ d ^ l, p & mask];
    k = (k + 0x9e3779b9n) & mask;
    l = (l + 0xbb67ae85n) & mask;
  }
  return [a, b, c, d].map((word) => word.toString(16).padStart(8, "0")).join(" ");
}

function draws(
  count: number,
  at: { seed?: bigint; epoch?: number; position?: number; stream?: number; occurrence?: number },
): number[] {
  const random = new SampleRandom();
  random.seed(at.seed ?? 1n);
  random.sample(at.epoch ?? 0, at.position ?? 0);
  random.operator(at.stream ?? 1, at.occurrence ?? 0);
  return Array.from({ length: count }, () => random.uniform());
}

Deno.test("seed, epoch, position, operator and occurrence each give other numbers", () => {
  const all = [
    draws(6, {}),
    draws(6, { seed: 2n }),
    draws(6, { seed: 1n + 2n ** 32n }),
    draws(6, { epoch: 1 }),
    draws(6, { position: 1 }),
    draws(6, { position: 2 ** 32 }),
    draws(6, { stream: 2 }),
    draws(6, { occurrence: 1 }),
  ];
  assertEquals(new Set(all.flat()).size, all.flat().length);
  assertEquals(draws(6, {}), all[0]);
  const reused = new SampleRandom();
  reused.seed(1n);
  reused.sample(3, 9);
  reused.operator(4, 0);
  reused.uniform();
  reused.sample(0, 0);
  reused.operator(1, 0);
  assertEquals(Array.from({ length: 6 }, () => reused.uniform()), all[0]);
});

Deno.test("uniform numbers fill [0, 1) evenly and neighbours do not go together", () => {
  const count = 40000;
  const bins = new Array(20).fill(0);
  let sum = 0, products = 0, last = 0.5;
  for (let position = 0; position < count; position++) {
    const [value] = draws(1, { position });
    assert(value >= 0 && value < 1);
    bins[Math.floor(value * 20)]++;
    sum += value;
    products += (value - 0.5) * (last - 0.5);
    last = value;
  }
  // Chi-square with 19 degrees of freedom is below 43.8 with probability 0.999.
  const expected = count / 20;
  const chi = bins.reduce((total, n) => total + (n - expected) ** 2 / expected, 0);
  assert(chi < 43.8, `chi-square ${chi}`);
  assert(Math.abs(sum / count - 0.5) < 0.006);
  assert(Math.abs(products / count) * 12 < 0.02);
});
