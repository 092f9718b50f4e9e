import { assert, assertEquals } from "@std/assert";
import type { Operator } from "../../src/augment/mod.ts";
import { realPictures } from "./pictures.ts";
import { type Picture, planes, toBytes } from "./reference.ts";
import { run, testDevice } from "./run.ts";

/** How far results may be off. */
export interface Bounds {
  /** What they are compared with; `"formula"` when left out. */
  reference?: string;
  /** Most that an f32 result may be off. */
  f32?: number;
  /** Most that a u8 result may be off. */
  u8?: number;
  /** Share of both that may be off by more. */
  share?: number;
}

/** How far results of an operator were off, as `bench/augment_exactness.ts` reads it. */
export interface Found {
  /** Which line of the table it belongs to. */
  line: string;
  bounds: Required<Bounds>;
  /** Worst of those within the bounds; null where there were none. */
  f32: number | null;
  u8: number | null;
  /** How many u8 results were off by more than 1 and f32 ones by more than their bound, and of how many. */
  beyond: number;
  total: number;
}

/** The file that findings are added to, one a line, if the environment names one. */
const FINDINGS = Deno.env.get("CASSETTE_WORST");
const PICTURES = await realPictures(FINDINGS === undefined ? 2 : 12);
const device = await testDevice();

/** Adds a finding. */
export function note(found: Found): void {
  if (FINDINGS === undefined) return;
  Deno.writeTextFileSync(FINDINGS, `${JSON.stringify(found)}\n`, { append: true });
}

/** Compares operators with their reference, on f32 and on u8. */
export async function compare(
  line: string,
  operator: Operator | Operator[],
  reference: (picture: Picture) => Picture,
  { f32 = 0.02, u8 = 1, share = 0, reference: of = "formula" }: Bounds = {},
): Promise<void> {
  const list = [operator].flat();
  let worst = 0, worstByte = 0, beyond = 0, total = 0;
  for (const picture of PICTURES) {
    const want = reference(picture);
    const got = await run(device, [picture], list);
    assertEquals([got.width, got.height], [want.width, want.height]);
    const flat = planes(want);
    const bytes = (await run(device, [picture], list, { output: { dtype: "u8" } })).data;
    const wantBytes = toBytes(flat);
    total += flat.length;
    for (let i = 0; i < flat.length; i++) {
      const off = Math.abs(got.data[i] - flat[i]), byteOff = Math.abs(bytes[i] - wantBytes[i]);
      if (share > 0 && (off > f32 || byteOff > u8)) {
        beyond++;
        continue;
      }
      worst = Math.max(worst, off);
      worstByte = Math.max(worstByte, byteOff);
    }
  }
  const bounds = { f32, u8, share, reference: of };
  note({ line, bounds, f32: worst, u8: worstByte, beyond, total });
  assert(worst <= f32, `f32 off by ${worst}`);
  assert(worstByte <= u8, `u8 off by ${worstByte}`);
  assert(beyond <= share * total, `${beyond} of ${total} beyond`);
}
