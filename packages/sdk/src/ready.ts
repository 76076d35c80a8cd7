import { type Client, createClient } from "./client.js";
import { readEnvironment } from "./environment.js";
import { govern as governWith } from "./govern.js";
import type { ClientOptions } from "./settings.js";

interface CachedClient {
  readonly client: Client;
  readonly madeFor: string;
}

let configured: ClientOptions = {};
let cached: CachedClient | null = null;

/**
 * Settles how the ready functions reach the gate; what is left out still comes from the environment. It replaces what
 * was settled before; called with nothing, it forgets that.
 *
 * @throws {@link FarameshConfigError} for settings that cannot be used. Nothing changes then.
 */
export function configure(options: ClientOptions = {}): void {
  createClient(options);
  configured = { ...options };
  cached = null;
}

/** The client of the ready functions: made when it is first needed, and anew when the environment has changed. */
function defaultClient(): Client {
  const madeFor = JSON.stringify(readEnvironment());
  if (cached?.madeFor !== madeFor) cached = { client: createClient(configured), madeFor };
  return cached.client;
}

// The functions below are the methods of Client, for a gate named by `configure` or the environment at each call.
export const submitAction: Client["submitAction"] = async (...args) => defaultClient().submitAction(...args);
export const submitActions: Client["submitActions"] = async (...args) => defaultClient().submitActions(...args);
export const getAction: Client["getAction"] = async (...args) => defaultClient().getAction(...args);
export const listActions: Client["listActions"] = async (...args) => defaultClient().listActions(...args);
export const listActionsPage: Client["listActionsPage"] = async (...args) => defaultClient().listActionsPage(...args);
export const listActionEvents: Client["listActionEvents"] = async (...args) =>
  defaultClient().listActionEvents(...args);
export const approveAction: Client["approveAction"] = async (...args) => defaultClient().approveAction(...args);
export const rejectAction: Client["rejectAction"] = async (...args) => defaultClient().rejectAction(...args);
export const denyAction: Client["denyAction"] = rejectAction;
export const startAction: Client["startAction"] = async (...args) => defaultClient().startAction(...args);
export const reportResult: Client["reportResult"] = async (...args) => defaultClient().reportResult(...args);
export const cancelAction: Client["cancelAction"] = async (...args) => defaultClient().cancelAction(...args);
export const waitForApproval: Client["waitForApproval"] = async (...args) => defaultClient().waitForApproval(...args);
export const waitForCompletion: Client["waitForCompletion"] = async (...args) =>
  defaultClient().waitForCompletion(...args);
export const streamEvents: Client["streamEvents"] = async function* (...args) {
  yield* defaultClient().streamEvents(...args);
};
export const gateDecide: Client["gateDecide"] = async (...args) => defaultClient().gateDecide(...args);
export const executeIfAllowed: Client["executeIfAllowed"] = async (guarded) =>
  defaultClient().executeIfAllowed(guarded);
export const govern: Client["govern"] = (fn, options) => governWith(executeIfAllowed, fn, options);
export const verifyPermit: Client["verifyPermit"] = async (...args) => defaultClient().verifyPermit(...args);
export const consumePermit: Client["consumePermit"] = async (...args) => defaultClient().consumePermit(...args);
