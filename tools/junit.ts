/** Reads what `deno test --junit-path` writes. */

/** Counts and names of tests. */
export interface Report {
  /** How many passed. */
  passed: number;
  /** Names of those that failed, with their file. */
  failed: string[];
  /** Those that did not run, and why where that is known. */
  skipped: { name: string; why?: string }[];
}

interface Case {
  file: string;
  name: string;
  failed: boolean;
  skipped: boolean;
}

/**
 * Reads a report. Steps count with their test, not beside it.
 *
 * @param xml The report.
 * @param notRun Why tests did not run: one JSON object `{ name, why }` a line.
 * @returns Counts and names.
 */
export function readReport(xml: string, notRun: string): Report {
  const reasons = new Map<string, string>(
    notRun.split("\n").filter((line) => line !== "").map((line) => {
      const { name, why } = JSON.parse(line);
      return [name, why];
    }),
  );
  const report: Report = { passed: 0, failed: [], skipped: [] };
  for (const { file, name, failed, skipped } of tests(xml)) {
    if (skipped) report.skipped.push({ name: `${name} (${file})`, why: reasons.get(name) });
    else if (failed) report.failed.push(`${name} (${file})`);
    else report.passed++;
  }
  return report;
}

function tests(xml: string): Case[] {
  const found: Case[] = [];
  for (const [, attributes, body] of xml.matchAll(/<testcase ([^>]*)>(.*?)<\/testcase>/gs)) {
    const name = attribute(attributes, "name");
    const file = attribute(attributes, "classname").replace(/^\.\//, "");
    // A step follows its test in the same suite and is named "test > step".
    if (found.some((test) => test.file === file && name.startsWith(`${test.name} > `))) continue;
    const failed = body.includes("<failure") || body.includes("<error");
    found.push({ file, name, failed, skipped: body.includes("<skipped") });
  }
  return found;
}

function attribute(attributes: string, name: string): string {
  const value = new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(attributes)?.[1] ?? "";
  const entities: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
  return value.replace(/&(#x?[0-9a-f]+|\w+);/gi, (whole, entity: string) => {
    if (!entity.startsWith("#")) return entities[entity] ?? whole;
    const hex = entity[1].toLowerCase() === "x";
    return String.fromCodePoint(parseInt(entity.slice(hex ? 2 : 1), hex ? 16 : 10));
  });
}
