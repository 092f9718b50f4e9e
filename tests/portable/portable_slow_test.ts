import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { cacheFolder } from "../../src/ffi/cache.ts";
import { notRun } from "../../tools/not_run.ts";
import { finish } from "../../tools/process.ts";
import { tempFolder } from "../../tools/temp.ts";
import { bundle } from "./bundle.ts";
import { makeSuite } from "./cases.ts";
import { compute, type Output } from "./engine.ts";

/** Dawn for Node.js: 50 MB for this test alone, so that deno.json, which every machine reads, has it not. */
const DAWN = "webgpu@0.6.2";
/** Drives Chromium; named here as Dawn is. */
const PLAYWRIGHT = "npm:playwright-core@1.65.1";
/** SwiftShader, a Vulkan driver that computes on the CPU, as Debian's Chromium brings it. */
const SWIFTSHADER = "/usr/lib/chromium/vk_swiftshader_icd.json";
/** Milliseconds that a browser has: SwiftShader compiles slowly. */
const PATIENCE = 300_000;

const suite = await makeSuite();

Deno.test("Deno's own WebGPU computes the chosen set", async () => {
  console.log(suite.judge(await compute(suite.input, navigator.gpu)));
});

const inChromium = "Chromium's WebGPU on SwiftShader computes the chosen set";
Deno.test({
  name: inChromium,
  ignore: notRun(inChromium, await lackingChromium()),
  // Playwright keeps timers of its own.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const script = join(tempFolder(), "page.js");
    await bundle("tests/portable/page.ts", script);
    const { promise, resolve, reject } = Promise.withResolvers<Output>();
    const html =
      `<!doctype html><title>Cassette</title><script type="module" src="/page.js"></script>`;
    const answers: Record<string, (request: Request) => Response | Promise<Response>> = {
      "/": () => new Response(html, { headers: { "content-type": "text/html" } }),
      "/page.js": async () =>
        new Response(await Deno.readFile(script), {
          headers: { "content-type": "text/javascript" },
        }),
      "/input": () => Response.json(suite.input),
      "/output": async (request) => (resolve(await request.json()), new Response()),
      "/failed": async (request) => (reject(new Error(await request.text())), new Response()),
    };
    await using server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      (request) =>
        answers[new URL(request.url).pathname]?.(request) ?? new Response(null, { status: 404 }),
    );
    const { chromium } = await import(PLAYWRIGHT);
    const browser = await chromium.launch({
      executablePath: await findChromium(),
      args: ["--no-sandbox", "--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"],
    });
    const timer = setTimeout(() => reject(new Error("the page did not answer")), PATIENCE);
    try {
      const page = await browser.newPage();
      page.on("pageerror", (error: Error) => reject(error));
      await page.goto(`http://127.0.0.1:${server.addr.port}/`);
      console.log(suite.judge(await promise));
    } finally {
      clearTimeout(timer);
      await browser.close();
    }
  },
});

const inNode = "Dawn in Node.js on SwiftShader computes the chosen set";
Deno.test({
  name: inNode,
  ignore: notRun(inNode, await lackingDawn()),
  async fn() {
    const folder = tempFolder();
    const [script, input, output] = ["node.mjs", "input.json", "output.json"]
      .map((name) => join(folder, name));
    await bundle("tests/portable/node.ts", script, "--external", "node:*");
    await Deno.writeTextFile(input, JSON.stringify(suite.input));
    const { code, text } = await finish("node", [script, input, output, dawnFolder()], {
      env: { VK_ICD_FILENAMES: SWIFTSHADER, VK_DRIVER_FILES: SWIFTSHADER },
    });
    assertEquals(code, 0, text);
    console.log(suite.judge(JSON.parse(await Deno.readTextFile(output))));
  },
});

async function findChromium(): Promise<string | undefined> {
  for (const name of ["/usr/bin/chromium", "/usr/bin/chromium-browser"]) {
    if (await Deno.stat(name).catch(() => undefined)) return name;
  }
}

async function lackingChromium(): Promise<string | undefined> {
  if (await findChromium() === undefined) {
    return 'Chromium is missing (Debian: "apt-get install chromium")';
  }
  const { code, text } = await finish(Deno.execPath(), ["cache", "-q", "--no-lock", PLAYWRIGHT]);
  return code === 0 ? undefined : `${PLAYWRIGHT} cannot be fetched: ${text}`;
}

function dawnFolder(): string {
  return join(cacheFolder(), `node-${DAWN.replace("@", "-")}`);
}

/** Installs Dawn for Node.js below the cache folder; why that is not possible, or undefined. */
async function lackingDawn(): Promise<string | undefined> {
  if (!await Deno.stat(SWIFTSHADER).catch(() => undefined)) {
    return 'SwiftShader is missing (Debian: "apt-get install chromium")';
  }
  if ((await finish("node", ["--version"])).code !== 0) return "Node.js is missing";
  if (await Deno.stat(join(dawnFolder(), "node_modules", "webgpu")).catch(() => undefined)) return;
  await Deno.mkdir(dawnFolder(), { recursive: true });
  await Deno.writeTextFile(join(dawnFolder(), "package.json"), "{}");
  const args = [
    "install",
    "--silent",
    "--no-save",
    "--ignore-scripts",
    "--prefix",
    dawnFolder(),
    DAWN,
  ];
  const { code, text } = await finish("npm", args);
  return code === 0 ? undefined : `${DAWN} cannot be installed: ${text}`;
}
