/** Runs in a browser: fetches what is computed, and posts what came of it. */
import { compute } from "./engine.ts";

try {
  const input = await (await fetch("/input")).json();
  const output = await compute(input, navigator.gpu);
  await fetch("/output", { method: "POST", body: JSON.stringify(output) });
} catch (error) {
  await fetch("/failed", { method: "POST", body: String((error as Error).stack ?? error) });
}
