import { NoCompilerError, NoDriverError } from "../../src/errors.ts";
import { loadNative } from "../../src/ffi/native.ts";

/**
 * Why the native driver cannot be had on this machine.
 *
 * @returns The reason; undefined where it can.
 */
export async function lackingNative(): Promise<string | undefined> {
  try {
    await loadNative();
  } catch (error) {
    if (error instanceof NoDriverError || error instanceof NoCompilerError) return error.message;
    throw error;
  }
}
