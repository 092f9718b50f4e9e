import type { Native } from "./native.ts";

/** Where an arena is, and which batch has it. */
export interface ArenaPlace {
  batch: Deno.PointerObject;
  /** Its first byte. */
  address: bigint;
  /** Bytes. */
  capacity: number;
  /** Which of the session's arenas it is. */
  slot: number;
}

/**
 * Views of a session's arenas, kept from batch to batch.
 *
 * V8 counts a view as memory of its own: views that come and go make it collect garbage for a third
 * of the time, where there is none. So there is one view for each arena, which is moved (`transfer`
 * copies nothing) when a batch gives its arena back, whereupon the view that was handed out reads
 * length 0.
 *
 * Memory lives as long as a view of it does. One that a caller has moved to a worker stays what it
 * is there, and the arena is not used again: it is freed when the worker lets go of it, or ends.
 */
export class Arenas {
  readonly #native: Native;
  readonly #views = new Map<number, { address: bigint; memory: ArrayBuffer }>();
  readonly #forgotten: FinalizationRegistry<ArenaPlace>;
  #closed = false;

  /** @param native The shim. */
  constructor(native: Native) {
    this.#native = native;
    this.#forgotten = new FinalizationRegistry((place) => this.#giveBack(place));
  }

  /**
   * Has a batch released once nothing holds an object any more.
   *
   * @param holder The object.
   * @param place The batch's arena.
   * @param token What {@linkcode Arenas.release} knows it by; it takes the place of an earlier holder.
   */
  watch(holder: WeakKey, place: ArenaPlace, token: WeakKey): void {
    this.#forgotten.unregister(token);
    this.#forgotten.register(holder, place, token);
  }

  /**
   * Views an arena; the view belongs to the caller.
   *
   * @param place The arena.
   * @returns All of its memory.
   */
  view({ address, capacity, slot }: ArenaPlace): ArrayBuffer {
    const kept = this.#views.get(slot);
    this.#views.delete(slot);
    if (kept?.address === address && kept.memory.byteLength === capacity) return kept.memory;
    kept?.memory.transfer(0);
    return this.#native.runtime.view(address, capacity);
  }

  /**
   * Gives a batch and its arena back to the shim.
   *
   * @param place The arena.
   * @param memory The view of it, if there is one; it has length 0 from then on.
   * @param token What {@linkcode Arenas.watch} was told.
   */
  release(place: ArenaPlace, memory: ArrayBuffer | undefined, token: WeakKey) {
    this.#forgotten.unregister(token);
    if (memory && !memory.detached) {
      const moved = memory.transfer(this.#closed ? 0 : memory.byteLength);
      if (!this.#closed) this.#views.set(place.slot, { address: place.address, memory: moved });
    }
    this.#giveBack(place);
  }

  #giveBack({ batch, address, slot }: ArenaPlace): void {
    const kept = this.#views.get(slot)?.address === address;
    this.#native.symbols.cassette_batch_release(batch, kept ? 1 : 0);
  }

  /**
   * Lets go of the view of an arena that the shim has no use for any more.
   *
   * @param slot Which it is; −1 for none.
   */
  forget(slot: number): void {
    this.#views.get(slot)?.memory.transfer(0);
    this.#views.delete(slot);
  }

  /** Lets go of all views, before the session that owns the arenas is freed. */
  close(): void {
    this.#closed = true;
    for (const { memory } of this.#views.values()) memory.transfer(0);
    this.#views.clear();
  }
}

/** The arena of one batch, viewed from the first use on. */
export class Arena {
  readonly #arenas: Arenas;
  readonly #place: ArenaPlace;
  #memory: ArrayBuffer | undefined;
  #held = true;

  /**
   * @param arenas The arenas of its session.
   * @param place Where it is.
   */
  constructor(arenas: Arenas, place: ArenaPlace) {
    this.#arenas = arenas;
    this.#place = place;
    arenas.watch(this, place, this);
  }

  /** Whether it has not been given back. */
  get held(): boolean {
    return this.#held;
  }

  /** Its memory, while it is held; of length 0 from then on. */
  get memory(): ArrayBuffer {
    if (this.#memory) return this.#memory;
    this.#memory = this.#arenas.view(this.#place);
    // From now on somebody may hold the memory and nothing else.
    this.#arenas.watch(this.#memory, this.#place, this);
    return this.#memory;
  }

  /** Gives it back. */
  release(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#arenas.release(this.#place, this.#memory, this);
  }
}
