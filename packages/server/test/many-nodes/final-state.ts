import type { JsonValue } from "@faramesh/protocol";
import type { LedgerRow } from "../../src/store/store.js";
import type { Sighting } from "./history.js";

/** An action as it is at the end. */
export interface FinalAction extends Sighting {
  readonly agentId: string;
  /** The mark of the request that submitted it. */
  readonly mark: string;
  readonly result: JsonValue;
}

/** One line of an executor's own log, written before the report. */
export interface Run {
  readonly actionId: string;
  readonly executor: string;
  /** The permit that it ran on. */
  readonly jti: string;
}

/** What a stream showed of a ledger entry. */
export interface StreamedEvent {
  readonly index: number;
  readonly actionId: string;
  readonly leafHash: string;
}

/** Everything that one reader of the stream got, over all its connections, as it came. */
export interface StreamLog {
  readonly name: string;
  /** The ledger index behind which it began. */
  readonly after: number;
  /** It carries this agent's events alone. */
  readonly agentId: string | null;
  readonly events: readonly StreamedEvent[];
}

/** What is there when all clients are done. */
export interface FinalState {
  /** All actions, as each node lists them. */
  readonly views: readonly { readonly node: string; readonly actions: readonly FinalAction[] }[];
  /** The whole ledger by index. */
  readonly ledger: readonly LedgerRow[];
  readonly runs: readonly Run[];
  readonly streams: readonly StreamLog[];
}
