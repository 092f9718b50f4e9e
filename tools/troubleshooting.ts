/**
 * Writes `docs/troubleshooting.md` from the documentation of the error classes, so that none is
 * missing. With `--check` it only says whether the page is out of date.
 */
import * as errors from "../src/errors.ts";
import { importFlags, path } from "./imports.ts";

const PAGE = "docs/troubleshooting.md";
const HEAD = `# Troubleshooting

<!-- Generated from src/errors.ts by "deno task troubleshooting"; do not edit. -->

Every error that Cassette throws is a \`CassetteError\`. Its \`code\` names the kind of error, \`option\`
the option that was wrong, \`sampleId\` and \`path\` the sample, where there is one, and \`cause\` what led
to it. No field holds a secret.

\`cassette doctor\` checks the machine: GPU, compiler, driver, and a data set if you name one.
`;

interface DocNode {
  name: string;
  kind?: string;
  jsDoc?: { doc?: string };
  declarations?: { kind: string; jsDoc?: { doc?: string } }[];
}

async function documentation(): Promise<Map<string, string>> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", ...await importFlags(), "src/errors.ts"],
    cwd: path("."),
  }).output();
  const parsed = JSON.parse(new TextDecoder().decode(stdout));
  const found = new Map<string, string>();
  const visit = (nodes: DocNode[]) => {
    for (const { name, jsDoc, declarations } of nodes) {
      const doc = jsDoc?.doc ?? declarations?.find((one) => one.kind === "class")?.jsDoc?.doc;
      if (doc) found.set(name, doc);
    }
  };
  if (Array.isArray(parsed.nodes)) visit(parsed.nodes);
  else {for (const { symbols } of Object.values<{ symbols: DocNode[] }>(parsed.nodes)) {
      visit(symbols);
    }}
  return found;
}

function section(name: string, code: string, doc: string): string {
  const [summary, advice] = doc.split(/\n\s*What to do: /);
  const flat = (text: string) => text.trim().replaceAll(/\s*\n\s*/g, " ");
  if (advice === undefined) throw new Error(`${name} does not say what to do`);
  const first = flat(advice);
  return `## \`${code}\`\n\n_${name}._ ${flat(summary)}\n\n${first[0].toUpperCase()}${
    first.slice(1)
  }\n`;
}

const docs = await documentation();
const sections: string[] = [];
for (const [name, ErrorClass] of Object.entries(errors)) {
  if (ErrorClass === errors.CassetteError) continue;
  const { code } = new (ErrorClass as typeof errors.UsageError)("");
  sections.push(section(name, code, docs.get(name) ?? ""));
}
const formatted = await format([HEAD, ...sections.sort()].join("\n"));
const target = path(PAGE);
if (await Deno.readTextFile(target).catch(() => "") !== formatted) {
  if (!Deno.args.includes("--check")) await Deno.writeTextFile(target, formatted);
  else {
    console.error(`${PAGE} is out of date: run "deno task troubleshooting"`);
    Deno.exit(1);
  }
}

async function format(text: string): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--ext", "md", "-"],
    cwd: path("."),
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  return new TextDecoder().decode((await child.output()).stdout);
}
