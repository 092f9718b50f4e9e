/** `deno task native`: compiles the shim, finds or fetches a driver, and says what it chose. */
import { loadNative } from "../src/ffi/native.ts";

try {
  await loadNative((line) => console.log(line));
} catch (error) {
  console.error((error as Error).message);
  Deno.exit(1);
}
