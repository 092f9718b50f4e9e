/** The frames of CQL in a stream of bytes, some of which are taken out and put back later. */

const HEADER = 9;
const OPCODE = 4;
const LENGTH = 5;
/** Of protocols 3 and 4; later ones wrap frames into others. */
const LAST_VERSION = 4;

/** What becomes of frames. */
export interface FrameHandlers {
  /**
   * Decides whether a frame is taken out.
   *
   * @param opcode What kind of frame it is.
   */
  choose(opcode: number): boolean;
  /**
   * Gets a frame that was taken out.
   *
   * @param frame All of it; a copy.
   */
  hold(frame: Uint8Array): void;
  /**
   * Gets what is passed on.
   *
   * @param bytes Any number of frames and parts of frames, in order; views of what was added.
   */
  send(bytes: Uint8Array): void;
}

/** Finds where frames begin, wherever what is added begins, and passes the others on in long runs. */
export class FrameSplitter {
  readonly #handlers: FrameHandlers;
  readonly #header = new Uint8Array(HEADER);
  readonly #lengths = new DataView(this.#header.buffer);
  #inHeader = 0;
  #inBody = 0;
  /** The frame that is taken out, while it is read. */
  #held: Uint8Array | undefined;
  /** Frames whose time came in the middle of another. */
  readonly #due: Uint8Array[] = [];

  /** @param handlers What becomes of frames. */
  constructor(handlers: FrameHandlers) {
    this.#handlers = handlers;
  }

  /**
   * Takes what was read.
   *
   * @param chunk It is not needed any more once what was sent of it has gone out.
   * @throws If a frame is of a protocol that wraps them.
   */
  add(chunk: Uint8Array): void {
    /** Where what has not been sent begins. */
    let run = 0;
    const flush = (end: number) => {
      if (end > run) this.#handlers.send(chunk.subarray(run, end));
      run = end;
    };
    for (let at = 0; at < chunk.length;) {
      if (this.#inBody === 0) {
        const begin = at;
        const known = this.#inHeader;
        const step = Math.min(HEADER - known, chunk.length - at);
        this.#header.set(chunk.subarray(at, at + step), known);
        this.#inHeader += step;
        at += step;
        if (this.#inHeader < HEADER) {
          flush(begin);
          return;
        }
        this.#begin();
        if (this.#held || known > 0) {
          flush(begin);
          run = at;
          if (!this.#held) this.#handlers.send(this.#header.slice());
        }
      } else {
        const step = Math.min(this.#inBody, chunk.length - at);
        if (this.#held) {
          this.#held.set(chunk.subarray(at, at + step), this.#held.length - this.#inBody);
          run = at + step;
        }
        this.#inBody -= step;
        at += step;
      }
      if (this.#inBody > 0) continue;
      if (this.#held) this.#handlers.hold(this.#held);
      this.#held = undefined;
      if (this.#due.length > 0) {
        flush(at);
        this.#sendDue();
      }
    }
    flush(chunk.length);
  }

  /**
   * Puts a frame back: at once, or after the one that is being passed on.
   *
   * @param frame The frame.
   */
  insert(frame: Uint8Array): void {
    this.#due.push(frame);
    if (this.#inBody === 0 || this.#held) this.#sendDue();
  }

  #begin(): void {
    this.#inHeader = 0;
    if ((this.#header[0] & 0x7f) > LAST_VERSION) throw new Error("unknown protocol version");
    this.#inBody = this.#lengths.getUint32(LENGTH);
    if (!this.#handlers.choose(this.#header[OPCODE])) return;
    this.#held = new Uint8Array(HEADER + this.#inBody);
    this.#held.set(this.#header);
  }

  #sendDue(): void {
    for (const frame of this.#due.splice(0)) this.#handlers.send(frame);
  }
}
