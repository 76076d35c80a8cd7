/** Waits for SIGTERM or SIGINT. From the call on, the first of each does not end the process by itself. */
export function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    process.once("SIGTERM", () => resolve());
    process.once("SIGINT", () => resolve());
  });
}
