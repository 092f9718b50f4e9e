import { type ComponentPlan, componentRecords } from "./component_records.ts";
import { entropyRecords, type EntropyStage } from "./entropy_records.ts";
import type { JpegFrame, JpegScan } from "./frame.ts";
import { pictureKind } from "./picture_kind.ts";
import { type ProgressivePlan, progressiveRecords } from "./progressive_records.ts";
import { pictureRecords, type PictureStage } from "./picture_records.ts";
import { BLOCK_BYTES, BLOCK_EDGE, type Decodable, type Decoding, markBlocks } from "./stage.ts";
import type { Region } from "./words.ts";

/** Pictures that are decoded together: each of their buffers fits a binding. */
export interface Group {
  /** Window of the pixels. */
  readonly output: Region;
  /** Entropy decoding of sequential pictures, if there are any. */
  readonly entropy: EntropyStage | undefined;
  /** Entropy decoding of pictures whose coefficients are gathered over several scans. */
  readonly progressive: ProgressivePlan | undefined;
  /** Components, and the work of transforming them into samples. */
  readonly components: ComponentPlan;
  /** Making pictures, by kernel. */
  readonly pictures: readonly PictureStage[];
}

/** What one picture takes, in bytes. */
export interface Footprint {
  /** Coefficients of all components. */
  readonly coefficients: number;
  /** Samples of all components. */
  readonly samples: number;
}

/**
 * What a picture takes on the GPU while it is decoded.
 *
 * @param frame The frame.
 * @returns Bytes of coefficients and of samples.
 */
export function footprint(frame: JpegFrame): Footprint {
  let coded = 0;
  let shown = 0;
  if (!frame.gathered) {
    for (const scan of frame.scans) coded += scan.mcusAcross * scan.mcusDown * scan.blocksPerMcu;
    coded += markBlocks(coded);
  }
  for (const component of frame.components) {
    if (frame.gathered) coded += component.paddedWide * component.paddedHigh;
    shown += component.blocksWide * component.blocksHigh;
  }
  return { coefficients: coded * BLOCK_BYTES, samples: shown * BLOCK_EDGE * BLOCK_EDGE };
}

/**
 * Whether a picture alone is larger than a binding.
 *
 * @param decodable The picture.
 * @param binding Most bytes of a storage binding.
 * @returns True if it has to be decoded strip by strip.
 */
export function exceeds({ frame, target }: Decodable, binding: number): boolean {
  const { coefficients, samples } = footprint(frame);
  return Math.max(coefficients, samples, target.rowPitch * target.height) > binding;
}

/**
 * Writes the records with which the kernels decode some pictures.
 *
 * @param decodables The pictures; in the order of their targets.
 * @param decoding What they are decoded with.
 * @param sync Scans that go by self-synchronisation.
 * @returns Where the records lie, and the sizes of the buffers.
 */
export function planGroup(
  decodables: readonly Decodable[],
  decoding: Decoding,
  sync: ReadonlySet<JpegScan>,
): Group {
  const { read, tuning } = decoding;
  const offset = decodables[0].target.byteOffset;
  const last = decodables[decodables.length - 1].target;
  const size = last.byteOffset + last.rowPitch * last.height - offset;
  const kinds = decodables.map(({ frame, section }) => pictureKind(section?.whole ?? frame));
  const components = componentRecords(decodables, kinds, read, tuning);
  // Their scans add to each other's coefficients everywhere.
  const gathered = decodables.filter(({ frame }) => frame.gathered).map((decodable) => ({
    ...decodable,
    frame: decodable.section?.whole ?? decodable.frame,
  }));
  const plain = decodables.filter(({ frame }) => !frame.gathered);
  return {
    output: { offset, size },
    components,
    entropy: entropyRecords(plain, components.scanBlocks, decoding, sync),
    progressive: progressiveRecords(gathered, components, decoding),
    pictures: pictureRecords(decodables, kinds, components.samples, offset, read, tuning),
  };
}
