import type { Authenticator } from "../../gate/authenticate.js";
import type { Gate } from "../../gate/gate.js";
import type { Door } from "../authenticate.js";
import type { Lane } from "../hot-route.js";
import type { Metrics } from "../metrics.js";

/** What routes work with. */
export interface RouteContext {
  readonly gate: Gate;
  readonly door: Door;
  readonly authenticator: Authenticator;
  readonly metrics: Metrics;
  readonly lane: Lane;
  /** Aborted when the server begins to close. */
  readonly closing: AbortSignal;
}
