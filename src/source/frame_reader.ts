import cassandra from "cassandra-driver";
import { Buffer } from "node:buffer";
import { checkBody } from "./cql_check.ts";
import {
  type AnswerHeader,
  checkVersion,
  HEADER,
  LONGEST_BODY,
  Opcode,
  ProtocolFault,
  readHeader,
} from "./cql_frame.ts";

/** What the reader must know of a connection of the driver. */
export interface AskedConnection {
  /** Requests under way, by their streams. */
  _operations: Map<number, { request?: object }>;
}

/** What the driver passes from one of its streams to the next. */
export interface Item {
  header: { version: number };
  chunk: Buffer;
  offset: number;
  frameEnded: true;
}

/** Requests of the driver that are answered by a result or an error. */
const STATEMENTS = new Set(["QueryRequest", "PrepareRequest", "ExecuteRequest", "BatchRequest"]);
/** Error code of answers that cannot be read: that of a protocol error, which is not tried again. */
const UNREADABLE = 0x000a;
/** Error code, of our own, of answers that are longer than was allowed. */
export const TOO_LONG = 0x7ffffff0;
/** Of a frame that is still coming, memory is taken as it comes. */
const FIRST_BYTES = 1 << 16;
const { FrameHeader } = cassandra.types as unknown as {
  FrameHeader: new (
    version: number,
    flags: number,
    stream: number,
    opcode: number,
    length: number,
  ) => { version: number };
};

/** Puts the frames of one connection together. */
export class FrameReader {
  readonly #connection: AskedConnection;
  readonly #longest: number;
  readonly #heard: () => void;
  #held = Buffer.alloc(0);
  #length = 0;
  /** Bytes still to come of a frame that is passed over. */
  #passing = 0;

  /**
   * @param connection The driver's connection.
   * @param longest Bytes of the longest answer that is taken.
   * @param heard Called whenever something was read.
   */
  constructor(connection: AskedConnection, longest: number, heard: () => void) {
    this.#connection = connection;
    this.#longest = longest;
    this.#heard = heard;
  }

  /**
   * Takes what was read, and passes frames on.
   *
   * @param chunk What was read.
   * @param pass Gets each frame.
   * @throws {ProtocolFault} If what was read is no frame that can be.
   */
  read(chunk: Buffer, pass: (item: Item) => void): void {
    this.#heard();
    let at = 0;
    while (at < chunk.length) {
      if (this.#passing > 0) {
        const step = Math.min(this.#passing, chunk.length - at);
        this.#passing -= step;
        at += step;
        continue;
      }
      // A frame that lies in the chunk as a whole is not copied.
      const whole = this.#length === 0 ? this.#whole(chunk, at) : 0;
      if (whole > 0) {
        this.#frame(chunk.subarray(at, at + whole), pass);
        at += whole;
      } else at += this.#collect(chunk, at, pass);
    }
  }

  /** Length of the frame that begins there, if all of it is there. */
  #whole(chunk: Buffer, at: number): number {
    if (chunk.length - at < HEADER) return 0;
    const length = HEADER + chunk.readUInt32BE(at + 5);
    return length <= chunk.length - at ? length : 0;
  }

  #collect(chunk: Buffer, at: number, pass: (item: Item) => void): number {
    const wanted = this.#length < HEADER ? HEADER : HEADER + this.#held.readUInt32BE(5);
    const step = Math.min(wanted - this.#length, chunk.length - at);
    this.#reserve(Math.min(wanted, Math.max(this.#length + step, FIRST_BYTES)), wanted);
    chunk.copy(this.#held, this.#length, at, at + step);
    this.#length += step;
    // Another protocol may wait for an answer after fewer bytes than a header has.
    checkVersion(this.#held[0]);
    if (this.#length < wanted) return step;
    const header = this.#header(this.#held);
    if (wanted === HEADER && header.length > 0) {
      if (header.length > this.#longest) {
        this.#passing = header.length;
        this.#length = 0;
        this.#refuse(header, `${header.length}`, TOO_LONG, pass);
      }
      return step;
    }
    const frame = this.#held.subarray(0, this.#length);
    this.#held = Buffer.alloc(0);
    this.#length = 0;
    this.#frame(frame, pass);
    return step;
  }

  #reserve(length: number, most: number): void {
    if (length <= this.#held.length) return;
    const longer = Buffer.allocUnsafeSlow(Math.min(most, Math.max(length, 2 * this.#held.length)));
    this.#held.copy(longer, 0, 0, this.#length);
    this.#held = longer;
  }

  #header(bytes: Buffer): AnswerHeader {
    const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER);
    const header = readHeader(view, 0, Math.max(this.#longest, LONGEST_BODY));
    // The driver would give the number of a stream that is not taken to two requests.
    if (header.stream >= 0 && !this.#connection._operations.has(header.stream)) {
      throw new ProtocolFault(`an answer on stream ${header.stream}, where nothing was asked`);
    }
    return header;
  }

  #frame(frame: Buffer, pass: (item: Item) => void): void {
    const header = this.#header(frame);
    if (header.length > this.#longest) {
      this.#refuse(header, `${header.length}`, TOO_LONG, pass);
      return;
    }
    try {
      this.#checkOpcode(header);
      checkBody(header, frame.subarray(HEADER));
    } catch (error) {
      if (!(error instanceof ProtocolFault) || header.stream < 0) throw error;
      this.#refuse(header, error.message, UNREADABLE, pass);
      return;
    }
    const { version, flags, stream, opcode, length } = header;
    pass({
      header: new FrameHeader(version, flags, stream, opcode, length),
      chunk: frame,
      offset: HEADER,
      frameEnded: true,
    });
  }

  /** The driver takes whatever comes for what it has asked for. */
  #checkOpcode({ opcode, stream }: AnswerHeader): void {
    if (opcode === Opcode.RESULT || opcode === Opcode.ERROR || stream < 0) return;
    const { request } = this.#connection._operations.get(stream)!;
    if (!STATEMENTS.has(request?.constructor.name ?? "")) return;
    throw new ProtocolFault(`opcode ${opcode} in place of a result`);
  }

  /** Tells a request an error in place of its answer. */
  #refuse(
    { version, stream }: AnswerHeader,
    message: string,
    code: number,
    pass: (item: Item) => void,
  ): void {
    if (stream < 0) throw new ProtocolFault(`an event of ${message} bytes`);
    const text = Buffer.from(message);
    const chunk = Buffer.alloc(6 + text.length);
    chunk.writeInt32BE(code, 0);
    chunk.writeUInt16BE(text.length, 4);
    text.copy(chunk, 6);
    pass({
      header: new FrameHeader(version, 0, stream, Opcode.ERROR, chunk.length),
      chunk,
      offset: 0,
      frameEnded: true,
    });
  }
}
