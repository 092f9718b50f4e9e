import { assertEquals } from "@std/assert";

const DEVICE = new URL("../../src/gpu/device.ts", import.meta.url);

/** Runs a script that can collect garbage; a crash of Deno shows in the exit code. */
async function run(script: string): Promise<{ code: number; stdout: string }> {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-config", "--v8-flags=--expose-gc", script],
  }).output();
  return { code, stdout: new TextDecoder().decode(stdout) };
}

const COLLECT = `for (let i = 0; i < 20; i++) {
  globalThis.gc();
  await new Promise((done) => setTimeout(done, 1));
}`;

Deno.test("requestDevice() keeps the adapter, so that its description can be read at any time", async () => {
  const { code, stdout } = await run(`
    import { isCpuAdapter, requestDevice } from "${DEVICE}";
    const device = await requestDevice();
    ${COLLECT}
    const { description, isFallbackAdapter } = device.adapterInfo;
    const onCpu = isFallbackAdapter || /llvmpipe|swiftshader/i.test(description);
    console.log(isCpuAdapter(device) === onCpu);`);
  assertEquals({ code, stdout }, { code: 0, stdout: "true\n" });
});

Deno.test("isCpuAdapter() does not touch a device whose adapter may be gone", async () => {
  const { code, stdout } = await run(`
    import { isCpuAdapter } from "${DEVICE}";
    const device = await (await navigator.gpu.requestAdapter()).requestDevice();
    ${COLLECT}
    console.log(isCpuAdapter(device));`);
  assertEquals({ code, stdout }, { code: 0, stdout: "false\n" });
});
