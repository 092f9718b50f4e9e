import { assert, assertEquals } from "@std/assert";
import { Gate } from "../../src/dataset/gate.ts";

Deno.test("a gate lets so many be under way at once, each once, whoever waits", async () => {
  const gate = new Gate(3);
  let [underWay, most] = [0, 0];
  const begun: number[] = [];
  const task = async (number: number) => {
    await gate.enter();
    begun.push(number);
    most = Math.max(most, ++underWay);
    for (let turn = 0; turn < number % 5; turn++) await Promise.resolve();
    underWay--;
    gate.leave();
  };
  const all = Promise.all(Array.from({ length: 100 }, (_, number) => task(number)));
  await gate.empty();
  await all;
  assertEquals([most, underWay], [3, 0]);
  assertEquals(begun.toSorted((a, b) => a - b), Array.from({ length: 100 }, (_, i) => i));
});

Deno.test("a gate is empty once the last has left", async () => {
  const gate = new Gate(2);
  await gate.empty();
  await gate.enter();
  await gate.enter();
  let empty = false;
  const waiting = gate.empty().then(() => empty = true);
  gate.leave();
  await new Promise((resolve) => setTimeout(resolve));
  assert(!empty);
  gate.leave();
  await waiting;
  assert(empty);
});
