import type { Command } from "commander";
import { addEventOptions, type EventOptions, followEvents } from "../event-stream.js";
import { print } from "../output.js";
import { eventLine } from "../render/event.js";

/** `faramesh tail`: what happens, for people. */
export function define(command: Command): void {
  addEventOptions(command).action((options: EventOptions) =>
    followEvents(options, (event) => print(options.json ? JSON.stringify(event) : eventLine(event))),
  );
}
