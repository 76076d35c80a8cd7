import type { ErrorCode, Fault, Status } from "@faramesh/protocol";

export { StoreUnavailableError } from "../store/store.js";

/** What may stand beside an error's code and sentence. */
export interface GateErrorDetails {
  faults?: readonly Fault[];
  actionStatus?: Status;
  retryAfterSeconds?: number;
}

/** A refusal with a stable code. Its message is written for the caller and holds no secret and no path. */
export class GateError extends Error {
  override readonly name: string = "GateError";
  readonly code: ErrorCode;
  readonly details: GateErrorDetails;

  constructor(code: ErrorCode, message: string, details: GateErrorDetails = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}
