import { FakeSource, numberOf } from "./pipeline/fake_source.ts";

/** A source of pictures and masks, by the numbers of their samples. */
export class MaskSource extends FakeSource {
  override readonly labelType = "blob" as "int";
  readonly #mask: (sample: number) => Uint8Array<ArrayBuffer> | null;

  constructor(
    picture: (sample: number) => Uint8Array | null,
    mask: (sample: number) => Uint8Array<ArrayBuffer> | null,
  ) {
    super(picture);
    this.#mask = mask;
  }

  override async fetch(...args: Parameters<FakeSource["fetch"]>) {
    const batch = await super.fetch(...args);
    const [ids] = args;
    batch.label = (index) => this.#mask(numberOf(ids, index));
    return batch;
  }
}
