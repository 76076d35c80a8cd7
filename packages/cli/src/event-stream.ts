import { type ActionEvent, STATUSES, type Status } from "@faramesh/protocol";
import type { Client } from "@faramesh/sdk";
import type { Command } from "commander";
import { addConnectionOptions, type ConnectionOptions, connect } from "./connection.js";
import { collect, oneOf, wholeNumber } from "./option-parsers.js";
import { print } from "./output.js";
import { rejectionNote } from "./rejection-note.js";
import { eventLine } from "./render/event.js";
import { untilSignal } from "./signals.js";

/** The options of the commands that follow the event stream. */
export interface EventOptions extends ConnectionOptions {
  after?: number;
  agent?: string[];
  tool?: string[];
  status?: Status[];
  count?: number;
}

/** Adds the options of {@link EventOptions}. */
export function addEventOptions(command: Command): Command {
  return addConnectionOptions(command)
    .option("--after <index>", "begin behind this ledger index (default: now)", wholeNumber(0, Number.MAX_SAFE_INTEGER))
    .option("--agent <id>", "only this agent; repeatable", collect)
    .option("--tool <name>", "only this tool; repeatable", collect)
    .option("--status <status>", "only events that came to this status; repeatable", oneOf(STATUSES))
    .option("--count <count>", "end after so many events (default: with Ctrl-C)", wholeNumber(1, 1_000_000));
}

/** Shows one event; the client is for what the event itself does not say. */
export type ShowEvent = (event: ActionEvent, client: Client) => void | Promise<void>;

/** Shows an event as one line that people read. */
export const showLine: ShowEvent = async (event, client) => print(eventLine(event, await rejectionNote(client, event)));

/** Shows each event of the gate the options name, until `--count` of them or a signal. */
export async function followEvents(options: EventOptions, show: ShowEvent): Promise<void> {
  const stopping = new AbortController();
  void untilSignal().then(() => stopping.abort());
  await follow(connect(options), options, stopping.signal, show);
}

/** Shows each event until the signal ends it, which is no failure. */
export async function follow(
  client: Client,
  { after, agent, tool, status, count = Number.POSITIVE_INFINITY }: EventOptions,
  signal: AbortSignal,
  show: ShowEvent,
): Promise<void> {
  let left = count;
  try {
    for await (const event of client.streamEvents({ after, agent_id: agent, tool, status, signal })) {
      await show(event, client);
      left -= 1;
      if (left === 0) return;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
