import { assertEquals, assertStringIncludes } from "@std/assert";

/** Runs a script of a task on a machine whose PATH is empty. */
async function onBareMachine(script: string, env: Record<string, string> = {}) {
  const folder = await Deno.makeTempDir();
  try {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", "--no-config", script],
      cwd: folder,
      env: { PATH: folder, JAVA_HOME: folder, ...env },
    }).output();
    const text = new TextDecoder();
    return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const setup = new URL("../../tools/setup.ts", import.meta.url);
const script = `import { ensure, NEEDS } from "${setup}";
  await ensure("The tests need", NEEDS.test.filter((need) => /compiler|libjpeg|Maven/.test(need.name)));
  console.log("went on");`;

Deno.test("ensure() lists what is lacking and ends with the command that installs it", async () => {
  const { code, stdout, stderr } = await onBareMachine(script);
  assertEquals([code, stdout], [1, ""]);
  assertStringIncludes(stderr, "The tests need what this machine lacks:\n  a C compiler (cc)\n");
  assertStringIncludes(stderr, "apt-get install -y --no-install-recommends gcc libc6-dev libjpeg");
  assertStringIncludes(stderr, "maven");
});

Deno.test("ensure() goes on without what is lacking where it is told to", async () => {
  const { code, stdout, stderr } = await onBareMachine(script, { CASSETTE_SETUP: "never" });
  assertEquals([code, stdout], [0, "went on\n"]);
  assertStringIncludes(stderr, "Maven");
});

Deno.test("ensure() says nothing where nothing is lacking", async () => {
  const { code, stdout, stderr } = await onBareMachine(
    `import { ensure } from "${setup}";
    await ensure("x", [{ name: "y", packages: [], present: () => Promise.resolve(true) }]);`,
  );
  assertEquals({ code, stdout, stderr }, { code: 0, stdout: "", stderr: "" });
});
