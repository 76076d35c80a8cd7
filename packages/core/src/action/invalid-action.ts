import type { Fault } from "@faramesh/protocol";

/** A value that is not a valid action. Every fault names its path, a code and a sentence. */
export class InvalidActionError extends Error {
  override readonly name = "InvalidActionError";
  readonly faults: Fault[];

  constructor(faults: Fault[]) {
    super(faults.map((fault) => `${fault.path}: ${fault.message}`).join("; "));
    this.faults = faults;
  }
}
