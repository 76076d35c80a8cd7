import type { Client as Gate } from "@faramesh/sdk";
import type { PinFile } from "./pins/pin-file.js";
import type { ResultFilter } from "./result-filter.js";

/** The schema of a tool, as the gate registers it. */
export interface ToolSchema {
  tool: string;
  operation: string;
  schema: object;
}

/** How calls are put to the gate, and what goes back to the client. The same for every session. */
export interface GatewaySettings {
  readonly gate: Gate;
  /** The operation of every action. */
  readonly operation: string;
  /** Comes before a tool's name where it is put to the gate. */
  readonly toolPrefix: string;
  /** Seconds a held call waits for a person before it is parked. */
  readonly waitSeconds: number;
  /** Seconds a call may run. */
  readonly callSeconds: number;
  readonly results: ResultFilter;
  /** Null where definitions are not pinned. */
  readonly pins: PinFile | null;
  /** Leaves out of `tools/list` what the policy never allows. */
  readonly hideDenied: boolean;
  /** Refuses resources, prompts, completions and logging. */
  readonly toolsOnly: boolean;
  /** Asks the person at the client, by elicitation, whether to go on waiting for a held call. */
  readonly askToWait: boolean;
  /** Tells the gate what the params of tools look like. */
  readonly registerSchemas: ((tools: readonly ToolSchema[]) => Promise<void>) | null;
  /** One line for the operator. Never holds params, results or secrets. */
  readonly log: (line: string) => void;
}
