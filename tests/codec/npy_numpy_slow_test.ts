import { assertEquals } from "@std/assert";
import { readNpy } from "../../src/codec/npy.ts";
import { notRun } from "../../tools/not_run.ts";

const COUNT = 1000;
/** Has NumPy write arrays, and their elements in C order and the machine's byte order; base64 lines. */
const PROGRAM = `
import base64, io, sys, numpy as np
rng = np.random.default_rng(7)
names = "b1 i1 u1 i2 u2 f2 i4 u4 f4 c8 i8 u8 f8 c16".split()
for i in range(${COUNT}):
    name = names[rng.integers(len(names))]
    shape = tuple(int(x) for x in rng.integers(0, 6, rng.integers(0, 6)))
    dtype = np.dtype(("<" if rng.random() < .5 else ">") + name)
    count = int(np.prod(shape, dtype=np.int64))
    raw = rng.integers(0, 2 if name == "b1" else 256, count * dtype.itemsize, dtype=np.uint8)
    array = np.frombuffer(raw.tobytes(), dtype).reshape(shape, order="F" if rng.random() < .5 else "C")
    out = io.BytesIO()
    np.lib.format.write_array(out, array, version=(int(rng.integers(1, 4)), 0))
    plain = array.astype(dtype.newbyteorder("=")).tobytes(order="C")
    fields = [base64.b64encode(x).decode() or "-" for x in (out.getvalue(), plain)]
    print(name, ",".join(map(str, shape)) or "-", *fields)
`;

async function numpy(program: string): Promise<string | undefined> {
  try {
    const { code, stdout } = await new Deno.Command("python3", { args: ["-c", program] }).output();
    return code === 0 ? new TextDecoder().decode(stdout) : undefined;
  } catch {
    return undefined;
  }
}

const NAME = `readNpy gives ${COUNT} arrays as NumPy on this machine wrote them`;
const lacking = await numpy("import numpy") === undefined ? "python3 has no NumPy" : undefined;
Deno.test({
  name: NAME,
  ignore: notRun(NAME, lacking),
  async fn() {
    const lines = (await numpy(PROGRAM))!.trim().split("\n");
    assertEquals(lines.length, COUNT);
    for (const line of lines) {
      const [dtype, shape, file, plain] = line.split(" ");
      const array = readNpy(Uint8Array.fromBase64(file));
      const sizes = shape === "-" ? [] : shape.split(",").map(Number);
      assertEquals([array.dtype, array.shape], [dtype, sizes]);
      const expected = plain === "-" ? new Uint8Array(0) : Uint8Array.fromBase64(plain);
      assertEquals(new Uint8Array(array.data.buffer), expected, line);
    }
  },
});
