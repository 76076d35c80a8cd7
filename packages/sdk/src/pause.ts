/**
 * Waits.
 *
 * @throws The signal's reason, at once, when it is aborted.
 */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/**
 * How long to pause before a retry: exponential, with full jitter, so that clients that failed together do not come
 * back together.
 *
 * @param failures - How many attempts have failed so far, from 1.
 */
export function backoffDelayMs(failures: number, backoffMs: number, backoffMaxMs: number): number {
  return Math.random() * Math.min(backoffMaxMs, backoffMs * 2 ** Math.min(failures - 1, 30));
}
