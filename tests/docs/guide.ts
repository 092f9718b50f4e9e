import { dirname, join } from "@std/path";
import { path } from "../../tools/imports.ts";
import { finish } from "../../tools/process.ts";

/** A fenced block of a page. */
export interface Block {
  /** Language, such as `sh`. */
  language: string;
  /** Name of the file that it is the text of; empty for a command. */
  file: string;
  text: string;
  /** Line of the page that it begins at. */
  line: number;
}

/**
 * Reads the fenced blocks of a page.
 *
 * @param page Markdown.
 * @returns The blocks, in order.
 */
export function blocks(page: string): Block[] {
  const found: Block[] = [];
  for (const match of page.matchAll(/^```(\w+)(?: ([^\n]+))?\n([^]*?)^```$/gm)) {
    const [, language, file = "", text] = match;
    found.push({ language, file, text, line: page.slice(0, match.index).split("\n").length });
  }
  return found;
}

/**
 * Follows a page by its text alone: writes its files and runs its commands, in order, in an empty
 * folder beside a checkout. Blocks of the language `text` are what is printed.
 *
 * @param name Path of the page from the root.
 * @param folder An empty folder; the page's own folder is made in it.
 * @returns What each command printed.
 * @throws If a command fails; the error has its line and all that it printed.
 */
export async function follow(name: string, folder: string): Promise<string[]> {
  const work = join(folder, "work");
  const bin = join(folder, "bin");
  await Deno.mkdir(work);
  await Deno.mkdir(bin);
  await Deno.symlink(path("."), join(folder, "cassette"));
  await Deno.symlink(Deno.execPath(), join(bin, "deno"));
  const printed: string[] = [];
  for (const { language, file, text, line } of blocks(await Deno.readTextFile(path(name)))) {
    if (language === "text") continue;
    if (file !== "") {
      await Deno.mkdir(dirname(join(work, file)), { recursive: true });
      await Deno.writeTextFile(join(work, file), text);
      continue;
    }
    if (language !== "sh") throw new Error(`${name}:${line}: a block of ${language} names no file`);
    const { code, text: output } = await finish("bash", ["-ec", text], {
      cwd: work,
      env: {
        PATH: `${bin}:${Deno.env.get("PATH")}`,
        DENO_INSTALL_ROOT: folder,
        DENO_WEBGPU_BACKEND: "vulkan",
        NO_COLOR: "1",
      },
    });
    if (code !== 0) throw new Error(`${name}:${line}: exit code ${code}\n${text}${output}`);
    printed.push(output);
  }
  return printed;
}
