import { setTimeout } from "node:timers";
import { Worker } from "node:worker_threads";
import { DisposedError } from "../errors.ts";

/** What a worker is told: a message, and what of it becomes its own. */
export interface WorkerTask {
  /** A message that can be cloned. */
  message: unknown;
  /** Buffers in it that are handed over. */
  transfer: ArrayBuffer[];
}

/** What a worker answers: what it made, or what went wrong. */
export type WorkerAnswer<T, F> = { result: T; fault?: undefined } | {
  result?: undefined;
  fault: F;
};

/** How a {@linkcode WorkerPool} is bounded. */
export interface WorkerPoolOptions {
  /** Most workers. */
  workers: number;
  /** Most bytes that all tasks under way may need; one that needs more runs alone. */
  bytes: number;
}

interface Job {
  make: () => WorkerTask;
  bytes: number;
  resolve: (answer: WorkerAnswer<unknown, unknown>) => void;
  reject: (error: unknown) => void;
}

interface Member {
  worker: Worker;
  job: Job | undefined;
}

/** How long a worker that has nothing to do stays, in milliseconds. */
const IDLE_MS = 5000;

/**
 * Threads that do tasks beside the JavaScript thread.
 *
 * They start with the first tasks, end when they have had nothing to do for some seconds, and do not
 * keep the process alive. Their program comes as text: a published package has no files of its own,
 * and a file would ask for the permission to read it.
 */
export class WorkerPool implements Disposable {
  readonly #program: URL;
  readonly #options: WorkerPoolOptions;
  readonly #members = new Set<Member>();
  readonly #waiting: Job[] = [];
  #bytes = 0;
  #idle: { unref(): unknown; close(): unknown } | undefined;
  #disposed = false;

  /**
   * @param program Text of a module that answers each message of its parent.
   * @param options How the pool is bounded.
   */
  constructor(program: string, options: WorkerPoolOptions) {
    this.#program = new URL(`data:text/javascript,${encodeURIComponent(program)}`);
    this.#options = options;
  }

  /** Threads that are alive. */
  get size(): number {
    return this.#members.size;
  }

  /** Tasks that wait or are under way. */
  get pending(): number {
    return this.#waiting.length + this.#busy().length;
  }

  /**
   * Has a worker do a task.
   *
   * @param make Makes the task, once a worker is free for it.
   * @param bytes How much memory it needs.
   * @param signal Ends it, in the middle too.
   * @returns What the worker answered.
   * @throws The signal's reason, if it is aborted.
   * @throws {DisposedError} If the pool is disposed of.
   */
  run<T, F>(
    make: () => WorkerTask,
    bytes: number,
    signal?: AbortSignal,
  ): Promise<WorkerAnswer<T, F>> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      this.#alive();
      const abort = () => this.#abandon(job, signal!.reason);
      const done = () => signal?.removeEventListener("abort", abort);
      const job: Job = {
        make,
        bytes,
        resolve: (answer) => (done(), resolve(answer as WorkerAnswer<T, F>)),
        reject: (error) => (done(), reject(error)),
      };
      signal?.addEventListener("abort", abort, { once: true });
      this.#waiting.push(job);
      this.#next();
    });
  }

  /** Ends all workers; what they were asked for fails with a {@linkcode DisposedError}. */
  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    const jobs = [...this.#waiting.splice(0), ...this.#busy().map(({ job }) => job!)];
    this.#endAll();
    for (const job of jobs) job.reject(disposed());
  }

  #busy(): Member[] {
    return [...this.#members].filter(({ job }) => job);
  }

  #next(): void {
    while (this.#waiting.length > 0) {
      const [job] = this.#waiting;
      const busy = this.#busy().length;
      const fits = this.#bytes + job.bytes <= this.#options.bytes;
      if (busy > 0 && !fits) return;
      if (busy >= this.#options.workers) return;
      this.#waiting.shift();
      try {
        const { message, transfer } = job.make();
        const member = [...this.#members].find(({ job }) => !job) ?? this.#start();
        this.#idle?.close();
        this.#idle = undefined;
        member.job = job;
        this.#bytes += job.bytes;
        member.worker.ref();
        member.worker.postMessage(message, transfer);
      } catch (error) {
        job.reject(error);
      }
    }
  }

  #start(): Member {
    const worker = new Worker(this.#program);
    const member: Member = { worker, job: undefined };
    worker.on(
      "message",
      (answer: WorkerAnswer<unknown, unknown>) => this.#finish(member)?.resolve(answer),
    );
    worker.on("error", (error: Error) => this.#end(member)?.reject(error));
    this.#members.add(member);
    return member;
  }

  /** Takes a worker's task from it. */
  #finish(member: Member): Job | undefined {
    const { job, worker } = member;
    if (!job) return undefined;
    member.job = undefined;
    this.#bytes -= job.bytes;
    worker.unref();
    this.#next();
    if (this.#busy().length === 0) this.#endWhenIdle();
    return job;
  }

  /** Ends a worker that is not to be used any more, and takes its task from it. */
  #end(member: Member): Job | undefined {
    this.#members.delete(member);
    member.worker.removeAllListeners();
    // It may die of its own once more.
    member.worker.on("error", () => {});
    member.worker.terminate();
    return this.#finish(member);
  }

  #abandon(job: Job, reason: unknown): void {
    const place = this.#waiting.indexOf(job);
    if (place !== -1) this.#waiting.splice(place, 1);
    const member = [...this.#members].find((member) => member.job === job);
    if (member) this.#end(member);
    job.reject(reason);
  }

  #endWhenIdle(): void {
    this.#idle?.close();
    this.#idle = setTimeout(() => this.#endAll(), IDLE_MS);
    this.#idle.unref();
  }

  #endAll(): void {
    this.#idle?.close();
    this.#idle = undefined;
    for (const member of [...this.#members]) this.#end(member);
    this.#idle = undefined;
  }

  #alive(): void {
    if (this.#disposed) throw disposed();
  }
}

function disposed(): DisposedError {
  return new DisposedError("Cannot decode as the decoder must not have been disposed");
}
