/** Buffers that nobody uses, by what they can be used for, in the order in which they came. */
export class IdleBuffers {
  readonly #byUse = new Map<string, GPUBuffer[]>();
  readonly #all = new Set<GPUBuffer>();
  #bytes = 0;

  /** Bytes of all of them. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Adds a buffer.
   *
   * @param buffer The buffer.
   */
  add(buffer: GPUBuffer): void {
    const key = keyOf(buffer.usage, buffer.size);
    const alike = this.#byUse.get(key);
    if (alike) alike.push(buffer);
    else this.#byUse.set(key, [buffer]);
    this.#all.add(buffer);
    this.#bytes += buffer.size;
  }

  /**
   * Takes the one that came last of its kind.
   *
   * @param usage `GPUBufferUsage` flags.
   * @param size Its bytes.
   * @returns The buffer; undefined if there is none.
   */
  take(usage: GPUBufferUsageFlags, size: number): GPUBuffer | undefined {
    const buffer = this.#byUse.get(keyOf(usage, size))?.at(-1);
    if (buffer) this.remove(buffer);
    return buffer;
  }

  /**
   * Takes the one that came first of all.
   *
   * @returns The buffer; undefined if there is none.
   */
  oldest(): GPUBuffer | undefined {
    const buffer = this.#all.values().next().value;
    if (buffer) this.remove(buffer);
    return buffer;
  }

  /**
   * Takes a buffer.
   *
   * @param buffer The buffer.
   * @returns Whether it was here.
   */
  remove(buffer: GPUBuffer): boolean {
    if (!this.#all.delete(buffer)) return false;
    const key = keyOf(buffer.usage, buffer.size);
    const alike = this.#byUse.get(key)!;
    alike.splice(alike.lastIndexOf(buffer), 1);
    if (alike.length === 0) this.#byUse.delete(key);
    this.#bytes -= buffer.size;
    return true;
  }
}

function keyOf(usage: GPUBufferUsageFlags, size: number): string {
  return `${usage}/${size}`;
}
