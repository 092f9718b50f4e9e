import { type Binding, foldWorkgroups, type Kernel } from "./kernel.ts";
import { lossOr } from "./lost.ts";
import { type GpuFault, inScopes } from "./scope.ts";

/**
 * Commands that are submitted in steps of bounded work. Most are one step. Between two steps the queue
 * runs empty and the event loop has its turn, so that an abort is heard and other work can go.
 */
export class CommandSteps {
  /** Records what costs little beside the dispatches, such as copies, in order with them. */
  encoder: GPUCommandEncoder;
  readonly #device: GPUDevice;
  readonly #most: number;
  readonly #label: string;
  readonly #done: GPUCommandBuffer[] = [];
  #work = 0;

  /**
   * @param device The device.
   * @param most Most work of a step, in the units that dispatches are given in. One dispatch may be more.
   * @param label Name for errors and traces.
   */
  constructor(device: GPUDevice, most: number, label: string) {
    this.#device = device;
    this.#most = most;
    this.#label = label;
    this.encoder = device.createCommandEncoder({ label });
  }

  /**
   * Records dispatches in a pass of their own, which a profiler can time.
   *
   * @param kernel The kernel.
   * @param workgroups Workgroups, which are folded into x and y.
   * @param bindings What it is bound to.
   * @param work Work of one dispatch.
   * @param times How many dispatches.
   */
  dispatch(
    kernel: Kernel,
    workgroups: number,
    bindings: Binding[] | Record<number, Binding>,
    work: number,
    times = 1,
  ): void {
    const group = kernel.bind(bindings);
    for (let left = times; left > 0;) {
      const room = Math.floor((this.#most - this.#work) / work);
      if (room < 1 && this.#work > 0) {
        this.#cut();
        continue;
      }
      const now = Math.min(left, Math.max(room, 1));
      const pass = this.encoder.beginComputePass({ label: kernel.label });
      kernel.dispatch(pass, group, foldWorkgroups(workgroups), now);
      pass.end();
      this.#work += now * work;
      left -= now;
    }
  }

  /** Ends the last step, after which nothing more is recorded, and submits the first. */
  begin(): void {
    this.#done.push(this.encoder.finish());
    this.#device.queue.submit([this.#done[0]]);
  }

  /**
   * Submits the other steps, each after the one before it is done.
   *
   * @param goOn Asked before each step; throws where the rest is not wanted any more.
   * @returns When the last step is submitted: undefined, or why the device did not take a step, after
   * which none is submitted.
   * @throws {DeviceLostError} If the device is lost.
   */
  async goOn(goOn: () => void): Promise<GpuFault | undefined> {
    const { queue } = this.#device;
    for (const step of this.#done.slice(1)) {
      await queue.onSubmittedWorkDone().catch(async (error) => {
        throw await lossOr(this.#device, error);
      });
      await new Promise((resolve) => setTimeout(resolve));
      goOn();
      const fault = await inScopes(this.#device, () => queue.submit([step])).fault;
      if (fault) return fault;
    }
  }

  #cut(): void {
    this.#done.push(this.encoder.finish());
    this.encoder = this.#device.createCommandEncoder({ label: this.#label });
    this.#work = 0;
  }
}
