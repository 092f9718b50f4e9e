/** One thread of the system's libjpeg-turbo, called by a loop in C that is compiled here. */
import { fromFileUrl, join } from "@std/path";
import type { Side } from "./compare.ts";

const SYMBOLS = {
  turbo_decode: {
    parameters: ["buffer", "buffer", "u32", "u32", "buffer", "u64"],
    result: "u32",
    nonblocking: true,
  },
} as const;

/** Most bytes of one decoded picture. */
const ROOM = 16 << 20;

/** libjpeg-turbo, ready to decode. */
export class Turbo implements Disposable {
  readonly #library: Deno.DynamicLibrary<typeof SYMBOLS>;
  readonly #pixels = new Uint8Array(ROOM);

  private constructor(path: string) {
    this.#library = Deno.dlopen(path, SYMBOLS);
  }

  /**
   * Compiles the loop.
   *
   * @returns It, or why it cannot be compiled.
   */
  static async open(): Promise<Turbo | string> {
    const folder = await Deno.makeTempDir({ prefix: "cassette-turbo-" });
    try {
      const library = join(folder, "turbo.so");
      const source = fromFileUrl(new URL("turbo.c", import.meta.url));
      const args = ["-O2", "-shared", "-fPIC", "-o", library, source, "-ljpeg"];
      const { success, stderr } = await new Deno.Command(Deno.env.get("CC") ?? "cc", { args })
        .output();
      return success ? new Turbo(library) : new TextDecoder().decode(stderr);
    } catch (error) {
      return (error as Error).message;
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }

  /**
   * Decodes files.
   *
   * @param files The files.
   * @param times How often each.
   * @returns The side of a comparison.
   */
  side(files: readonly Uint8Array[], times: number): Side {
    const offsets = new BigUint64Array(files.length + 1);
    files.forEach((file, i) => offsets[i + 1] = offsets[i] + BigInt(file.length));
    const bytes = new Uint8Array(Number(offsets[files.length]));
    files.forEach((file, i) => bytes.set(file, Number(offsets[i])));
    return {
      name: "libjpeg-turbo, one thread",
      run: async () => {
        const count = files.length * times;
        const done = await this.#library.symbols.turbo_decode(
          bytes,
          offsets,
          files.length,
          times,
          this.#pixels,
          BigInt(ROOM),
        );
        if (done !== count) throw new Error(`libjpeg-turbo decoded ${done} of ${count} files`);
        return count;
      },
    };
  }

  /**
   * Decodes one file.
   *
   * @param file The file.
   * @param size Bytes of its pixels.
   * @returns Its pixels.
   */
  async pixels(file: Uint8Array, size: number): Promise<Uint8Array> {
    await this.side([file], 1).run();
    return this.#pixels.slice(0, size);
  }

  [Symbol.dispose](): void {
    this.#library.close();
  }
}
