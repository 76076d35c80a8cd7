import { access, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { STARTER_POLICY } from "../starter-policy.js";

/** The policy of whoever works in a folder, as `faramesh init` writes it. */
export const OWN_POLICY = "faramesh.yaml";

/** `./faramesh.yaml` where there is one, else the starter policy, written into the data directory once. */
export async function policyForDevelopment(dataDir: string): Promise<string> {
  const found = await developmentPolicy(dataDir);
  if (found !== undefined) return found;
  const file = starterFile(dataDir);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await writeFile(file, STARTER_POLICY, { flag: "wx" });
  return file;
}

/** The policy that `faramesh dev` would start with here, where there is one already. */
export async function developmentPolicy(dataDir: string): Promise<string | undefined> {
  for (const file of [OWN_POLICY, starterFile(dataDir)]) if (await exists(file)) return file;
  return undefined;
}

function starterFile(dataDir: string): string {
  return join(dataDir, "policy.yaml");
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
