import type { AdminClient } from "./admin-client.js";
import { CliError, usageError } from "./errors.js";
import { printable } from "./output.js";

const BEGINNING_CHARS_MIN = 4;

/**
 * The whole id of the key that `given` begins.
 *
 * @throws {@link CliError} `ambiguous_id` naming the candidates, `not_found`, or `usage` where it is too short.
 */
export async function resolveKeyId(admin: AdminClient, given: string): Promise<string> {
  if (given.length < BEGINNING_CHARS_MIN) throw usageError(`give at least ${BEGINNING_CHARS_MIN} characters of the id`);
  const keys = await admin.listKeys();
  if (keys.some((key) => key.id === given)) return given;
  const found = keys.filter((key) => key.id.startsWith(given));
  const [only, second] = found;
  if (only === undefined) throw new CliError("not_found", `no key's id begins with ${printable(given)}`);
  if (second === undefined) return only.id;
  const candidates = found.map((key) => ({ path: key.id, message: printable(`${key.name} (${key.role})`) }));
  throw new CliError("ambiguous_id", `${found.length} ids begin with ${printable(given)}`, { faults: candidates });
}
