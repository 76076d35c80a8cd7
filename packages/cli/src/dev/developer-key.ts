import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AdminClient } from "../admin-client.js";
import { readKeyFile } from "../data-dir.js";
import { CliError } from "../errors.js";

const OWNER_ONLY = 0o600;

/**
 * The `developer` key of a data directory: the one kept there while the gate still knows it, else a new one, kept
 * with mode 0600.
 *
 * @param adminKey - The gate's admin key, where the caller knows it; else it is read from the data directory.
 * @throws {@link CliError} `unauthorized` where no admin key can be found to make one with.
 */
export async function developerKey(url: string, dataDir: string, adminKey: string | undefined): Promise<string> {
  const file = join(dataDir, "developer.key");
  const kept = readKeyFile(file);
  if (kept !== undefined && (await isDeveloper(url, kept))) return kept;
  const apiKey = adminKey ?? readKeyFile(join(dataDir, "admin.key"));
  if (apiKey === undefined) {
    throw new CliError("unauthorized", `no admin key in ${dataDir} to make a developer key with: set FARAMESH_TOKEN`);
  }
  const { key } = await new AdminClient({ url, apiKey }).createKey({ name: "developer", role: "developer" });
  await writeFile(file, `${key}\n`, { mode: OWNER_ONLY });
  await chmod(file, OWNER_ONLY);
  return key;
}

async function isDeveloper(url: string, apiKey: string): Promise<boolean> {
  const { status, body } = await new AdminClient({ url, apiKey }).call("GET", "/v1/whoami");
  return status === 200 && (body as { role?: unknown }).role === "developer";
}
