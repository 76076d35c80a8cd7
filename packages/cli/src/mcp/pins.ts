import { CliError } from "../errors.js";
import { print, printable, printJson } from "../output.js";
import { table } from "../render/table.js";
import { pinFile } from "./gateway-options.js";

interface PinsOptions {
  data: string;
  pins?: string;
  json?: boolean;
}

/** `faramesh mcp pins list`. */
export async function listPins(options: PinsOptions): Promise<void> {
  const servers = await pinFile(options).pins();
  if (options.json) return printJson(servers);
  const rows = Object.entries(servers).flatMap(([server, tools]) =>
    Object.entries(tools).map(([tool, { pinned, changed }]) => [
      printable(server),
      printable(tool),
      pinned.hash.slice(0, 12),
      pinned.seen_at,
      changed === undefined ? "as pinned" : `changed ${changed.seen_at}`,
    ]),
  );
  print(rows.length === 0 ? "nothing is pinned" : table(["server", "tool", "hash", "pinned", "state"], rows));
}

/** `faramesh mcp pins accept`: shows what changed, and pins it. */
export async function acceptChanges(
  server: string | undefined,
  options: PinsOptions & { tool?: string[] },
): Promise<void> {
  const accepted = await pinFile(options).accept(
    (change) => (server === undefined || change.server === server) && (options.tool?.includes(change.tool) ?? true),
  );
  if (accepted.length === 0) throw new CliError("not_found", "nothing that you name has changed since it was pinned");
  if (options.json) return printJson(accepted);
  for (const { server: name, tool, pinned, changed } of accepted) {
    print(`accepted ${printable(name)} ${printable(tool)}`);
    print(`  was ${printable(JSON.stringify(pinned.definition))}`);
    print(`  is  ${printable(JSON.stringify(changed.definition))}`);
  }
}
