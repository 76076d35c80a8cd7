import type { ActionEvent } from "@faramesh/protocol";
import type { Command } from "commander";
import { addEventOptions, type EventOptions, followEvents } from "../event-stream.js";
import { print, printable } from "../output.js";

/** `faramesh events`: the event stream for programs, tab-separated or as JSON lines. */
export function define(command: Command): void {
  addEventOptions(command).action((options: EventOptions) =>
    followEvents(options, options.json ? (event) => print(JSON.stringify(event)) : printRaw),
  );
}

function printRaw(event: ActionEvent): void {
  const columns = [
    event.type,
    event.at,
    event.action_id,
    event.agent_id,
    event.tool,
    event.operation,
    event.reason_code,
  ];
  print([String(event.ledger_index), ...columns.map(printable)].join("\t"));
}
