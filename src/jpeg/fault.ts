/** What is wrong with a blob: which error class it becomes. */
export type FaultKind = "corrupt" | "unsupported" | "format" | "limits";

/** Why a blob cannot be decoded, before it is known which sample it is. */
export class JpegFault extends Error {
  /** Which error class it becomes. */
  readonly kind: FaultKind;

  /**
   * @param kind Which error class it becomes.
   * @param reason What goes after "Cannot decode … as ".
   */
  constructor(kind: FaultKind, reason: string) {
    super(reason);
    this.name = "JpegFault";
    this.kind = kind;
  }
}
