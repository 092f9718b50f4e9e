import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { notRun } from "../../tools/not_run.ts";
import { ALL_NEEDS } from "../../tools/setup.ts";

/** Runs a script of a task on a machine whose PATH is empty. */
async function onBareMachine(script: string, env: Record<string, string> = {}, programs = {}) {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, text] of Object.entries<string>(programs)) {
      await Deno.writeTextFile(`${folder}/${name}`, text, { mode: 0o755 });
    }
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

/** The same where there is an `apt-get`, whose packages bring nothing. */
function withApt(script: string, env: Record<string, string> = {}) {
  return onBareMachine(script, env, { "apt-get": "#!/bin/sh\n" });
}

const notRoot = Deno.uid() === 0 ? undefined : "packages are installed by root only";
const setup = new URL("../../tools/setup.ts", import.meta.url);

/** A script that calls a function of setup with some needs of the tests. */
function script(name: "checkMet" | "setUp"): string {
  return `import { NEEDS, ${name} } from "${setup}";
    await ${name}("The tests need", NEEDS.test.filter((need) => /compiler|libjpeg|Maven/.test(need.name)));
    console.log("went on");`;
}

Deno.test("setUp() lists what is lacking and ends with the command that installs it", async () => {
  const { code, stdout, stderr } = await onBareMachine(script("setUp"));
  assertEquals([code, stdout], [1, ""]);
  assertStringIncludes(stderr, "The tests need what this machine lacks:\n  a C compiler (cc)\n");
  assertStringIncludes(stderr, "apt-get install -y --no-install-recommends gcc libc6-dev libjpeg");
  assertStringIncludes(stderr, "maven");
});

Deno.test("checkMet() installs nothing, though it could, and ends with the task that does", async () => {
  const { code, stdout, stderr } = await withApt(script("checkMet"));
  assertEquals([code, stdout], [1, ""]);
  assertStringIncludes(stderr, "  npx -y deno task setup\n");
  assertEquals(stderr.includes("apt-get"), false, stderr);
});

Deno.test({
  name: "setUp() says what it installs and why before it does",
  // Only root's apt-get is called.
  ignore: notRun("setUp() says what it installs and why before it does", notRoot),
  async fn() {
    const { code, stderr } = await withApt(script("setUp"));
    // The packages of this apt-get bring nothing.
    assertEquals(code, 1);
    assertMatch(
      stderr,
      /lacks:\n {2}a C compiler[^]*CASSETTE_SETUP=never refuses\.\n> apt-get update\n> apt-get install .* gcc /,
    );
    assertStringIncludes(stderr, "still there is no a C compiler (cc), djpeg");
  },
});

for (const name of ["checkMet", "setUp"] as const) {
  Deno.test(`${name}() goes on without what is lacking where CASSETTE_SETUP is never`, async () => {
    const { code, stdout, stderr } = await withApt(script(name), { CASSETTE_SETUP: "never" });
    assertEquals([code, stdout], [0, "went on\n"]);
    assertStringIncludes(stderr, "Maven");
    assertEquals(stderr.includes("apt-get"), false, stderr);
  });
}

Deno.test("setUp() says nothing where nothing is lacking", async () => {
  const { code, stdout, stderr } = await onBareMachine(
    `import { setUp } from "${setup}";
    await setUp("x", [{ name: "y", packages: [], present: () => Promise.resolve(true) }]);`,
  );
  assertEquals({ code, stdout, stderr }, { code: 0, stdout: "", stderr: "" });
});

Deno.test("no package that setup names is of one version of Python or Java", () => {
  const packages = ALL_NEEDS.flatMap((need) => need.packages);
  assertEquals(packages.filter((name) => /python3\.\d|jdk-\d|jre-\d/.test(name)), []);
});
