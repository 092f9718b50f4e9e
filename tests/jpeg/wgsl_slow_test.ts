import { assert, assertEquals } from "@std/assert";
import { JpegDecoder } from "../../src/jpeg/decoder.ts";
import { warmUpFiles } from "../../src/jpeg/warm_up.ts";
import { notRun } from "../../tools/not_run.ts";
import { cjpeg, draw, openDevice } from "./support.ts";

/** Why there is no second compiler; undefined where there is one. */
async function lackingNaga(): Promise<string | undefined> {
  try {
    await new Deno.Command("naga", { args: ["--version"], stdout: "null" }).output();
  } catch {
    return 'there is no naga on PATH ("cargo install naga-cli" brings it)';
  }
}

const name = "all kernels are valid to a second compiler";

Deno.test({
  name,
  ignore: notRun(name, await lackingNaga()),
  async fn() {
    const folder = await Deno.makeTempDir();
    await using test = await openDevice();
    const { device } = test;
    const modules = new Map<string, string>();
    const create = device.createShaderModule.bind(device);
    device.createShaderModule = (descriptor) => {
      modules.set(descriptor.label ?? "", descriptor.code);
      return create(descriptor);
    };
    using decoder = new JpegDecoder(device, { entropy: "sync" });
    const progressive = await cjpeg(draw(30, 30), "-progressive");
    using images = await decoder.decode([...warmUpFiles(), progressive]);
    await images.verify();
    assert(modules.size >= 18, `received ${modules.size} modules`);
    const wrong: string[] = [];
    try {
      for (const [label, code] of modules) {
        const file = `${folder}/module.wgsl`;
        await Deno.writeTextFile(file, code);
        const { success, stderr } = await new Deno.Command("naga", { args: [file] }).output();
        if (!success) wrong.push(`${label}: ${new TextDecoder().decode(stderr)}`);
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
    assertEquals(wrong, []);
  },
});
