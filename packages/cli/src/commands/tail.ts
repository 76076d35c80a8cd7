import type { Command } from "commander";
import { addEventOptions, type EventOptions, followEvents, showLine } from "../event-stream.js";
import { print } from "../output.js";

/** `faramesh tail`: what happens, for people. */
export function define(command: Command): void {
  addEventOptions(command).action((options: EventOptions) =>
    followEvents(options, options.json ? (event) => print(JSON.stringify(event)) : showLine),
  );
}
