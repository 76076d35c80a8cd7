import type { PolicyVersion } from "../admin-client.js";
import { type ConnectionOptions, connectAdmin } from "../connection.js";
import { print, printable, printJson } from "../output.js";
import { versionName } from "../render/policy.js";

interface NoteOptions extends ConnectionOptions {
  note?: string;
}

/** `faramesh policy activate ID VERSION`. */
export async function activatePolicy(id: string, version: number, options: NoteOptions): Promise<void> {
  tell(await connectAdmin(options).activatePolicy(id, version, options.note), "decides from now on", options);
}

/** `faramesh policy rollback ID`. */
export async function rollBackPolicy(id: string, options: NoteOptions): Promise<void> {
  tell(await connectAdmin(options).rollBackPolicy(id, options.note), "decides again", options);
}

/** `faramesh policy deactivate ID`. */
export async function deactivatePolicy(id: string, options: NoteOptions): Promise<void> {
  tell(await connectAdmin(options).deactivatePolicy(id, options.note), "decides no more", options);
}

function tell(version: PolicyVersion, what: string, { json }: ConnectionOptions): void {
  if (json) printJson(version);
  else print(`${printable(versionName(version))} ${what}`);
}
