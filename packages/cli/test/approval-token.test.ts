import { writeFile } from "node:fs/promises";
import type { Action } from "@faramesh/protocol";
import { createClient } from "@faramesh/sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HELD, POLICY } from "./policies.js";
import { ADMIN_KEY, type Finished, faramesh, type Scratch, scratch, startGate, type TestGate } from "./running.js";

let folder: Scratch;
let gate: TestGate;

beforeAll(async () => {
  folder = await scratch();
  await writeFile(folder.path("policy.yaml"), POLICY);
  gate = await startGate(folder.path("data"), folder.path("policy.yaml"));
  await writeFile(folder.path("data", "admin.key"), `${ADMIN_KEY}\n`, { mode: 0o600 });
});

afterAll(async () => {
  await gate.stop();
  await folder.remove();
});

const client = () => createClient({ url: gate.url, apiKey: ADMIN_KEY });

/** Approves with a token, an admin key lying in the data directory and perhaps another in the environment. */
function approve(id: string, token: string, env: Record<string, string>): Promise<Finished> {
  return faramesh(["approve", id, "--data", "data", "--json", "--token", token], { cwd: folder.dir, env });
}

describe("approve --token", () => {
  it("is enough without a key", async () => {
    const { id, approval_token = "" } = await client().submitAction(HELD);
    const { code, stdout } = await approve(id.toUpperCase(), approval_token, { FARAMESH_URL: gate.url });
    expect({ code, status: (JSON.parse(stdout) as Action).status }).toEqual({ code: 0, status: "approved" });
  });

  it("sends no key that was merely found: the token is who decided, and a wrong one approves nothing", async () => {
    for (const env of [gate.env, { FARAMESH_URL: gate.url }]) {
      const { id, approval_token = "" } = await client().submitAction(HELD);
      for (const wrong of ["wrong", ""]) {
        const { code, stdout } = await approve(id, wrong, env);
        expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      }
      const approved = JSON.parse((await approve(id, approval_token, env)).stdout) as Action;
      expect(approved).toMatchObject({ status: "approved", approval: { decided_by: [{ via: "approval_token" }] } });
    }
  });

  it("takes a whole id, since looking for a beginning takes a key", async () => {
    const { id, approval_token = "" } = await client().submitAction(HELD);
    const { code, stderr } = await approve(id.slice(0, 30), approval_token, gate.env);
    expect(code).toBe(2);
    expect(stderr).toContain("give the whole id");
    expect(await client().getAction(id)).toMatchObject({ status: "pending_approval" });
  });

  it.each(["approve", "reject"])("is explained by %s --help", async (command) => {
    expect((await faramesh([command, "--help"])).stdout).toMatch(/token alone answers: no key is sent/);
  });
});
