import { setTimeout as pause } from "node:timers/promises";

const LOOK_EVERY_MS = 20;

/**
 * Waits until a condition holds.
 *
 * @param what - What is waited for, for the error.
 * @throws Error when it does not hold within `withinMs`.
 */
export async function until(what: string, withinMs: number, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${withinMs} ms`);
    await pause(LOOK_EVERY_MS);
  }
}
