import { access, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { STARTER_POLICY } from "../starter-policy.js";

const OWN_POLICY = "faramesh.yaml";

/** `./faramesh.yaml` where there is one, else the starter policy, written into the data directory once. */
export async function policyForDevelopment(dataDir: string): Promise<string> {
  if (await exists(OWN_POLICY)) return OWN_POLICY;
  const file = join(dataDir, "policy.yaml");
  if (await exists(file)) return file;
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await writeFile(file, STARTER_POLICY, { flag: "wx" });
  return file;
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
