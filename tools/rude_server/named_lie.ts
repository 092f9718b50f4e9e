/** How lies are written down. */
import { Body, type Frame, type Rows } from "./frames.ts";
import type { Kind, Lie, Request, Step } from "./server.ts";

/** A lie with what may come of it. */
export interface NamedLie extends Lie {
  /**
   * What a client may make of it: `right` if it only looks odd and the samples come, `error` if all
   * of what it touches must fail, `either` if that is the driver's choice.
   */
  may: "right" | "error" | "either";
  /** What it is about. */
  theme: string;
}

/** The highest number of an [int]. */
export const HUGE = 0x7fffffff;

/** A lie in the rows of a result. */
export function rows(
  name: string,
  change: (rows: Rows) => Rows | Uint8Array,
  may: NamedLie["may"] = "error",
) {
  return { name, may, theme: "rows", rows: change } satisfies NamedLie;
}

/** A lie in the frames of an answer. */
export function frames(
  name: string,
  answer: (frame: Frame, request: Request) => Iterable<Step> | AsyncIterable<Step>,
  may: NamedLie["may"] = "error",
) {
  return { name, may, theme: "frames", answer } satisfies NamedLie;
}

/** A lie that is told in answer to other requests. */
export function at(kinds: Kind[], lie: NamedLie, theme: string): NamedLie {
  return { ...lie, at: kinds, theme };
}

/** A body of [int]s. */
export function intBody(...values: number[]): Uint8Array {
  const body = new Body();
  for (const value of values) body.int(value);
  return body.done();
}
