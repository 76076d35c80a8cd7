import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ApiKey, CreatedApiKey } from "@faramesh/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ClientGate, codeOf } from "./client-gate.js";
import { ALLOWED, POLICY } from "./policies.js";
import { ADMIN_KEY, faramesh, scratch } from "./running.js";

let gate: ClientGate;
beforeAll(async () => {
  gate = await ClientGate.start();
});
afterAll(() => gate.stop());

describe("keys", () => {
  it("create shows a key once that works with its role; list never shows it", async () => {
    const { code, stdout } = await gate.run("keys", "create", "--name", "reader", "--role", "auditor");
    expect(code).toBe(0);
    const key = /^fm_\S+$/m.exec(stdout)?.[0] ?? "";
    const listed = await faramesh(["list"], { env: { FARAMESH_URL: gate.url, FARAMESH_API_KEY: key } });
    expect(listed.code).toBe(0);
    const keys = await gate.run("keys", "list");
    expect(keys.stdout).toContain("reader");
    expect(keys.stdout).not.toContain(key);
    expect(JSON.stringify(await gate.json("keys", "list"))).not.toContain(key);
  });

  it("rotate stops the old key, revoke stops the new one, by a beginning of the id", async () => {
    const made = await gate.json<CreatedApiKey>("keys", "create", "--name", "short-lived", "--role", "developer");
    const works = async (key: string) =>
      (await faramesh(["list"], { env: { FARAMESH_URL: gate.url, FARAMESH_API_KEY: key } })).code === 0;
    const rotated = await gate.json<CreatedApiKey>("keys", "rotate", made.id.slice(0, 12));
    expect([await works(made.key), await works(rotated.key)]).toEqual([false, true]);
    expect((await gate.run("keys", "revoke", made.id.slice(0, 12))).code).toBe(0);
    expect(await works(rotated.key)).toBe(false);
  });

  it("are for admins only", async () => {
    const failed = await faramesh(["keys", "list"], { env: await gate.keyOf("developer") });
    expect({ code: failed.code, error: codeOf(failed) }).toEqual({ code: 1, error: "forbidden" });
    expect(failed.stderr).toContain("a key with the role developer may not do this; it takes admin\n");
    expect(failed.stderr).toMatch(/^hint: .*admin\.key/m);
  });

  it("of one name are made, and said to be", async () => {
    const create = () => gate.run("keys", "create", "--name", "twin", "--role", "approver");
    const first = await create();
    const [, id = ""] = /^ +id +(\S+)$/m.exec(first.stdout) ?? [];
    expect(first.stdout).not.toContain("Another active key");
    expect((await create()).stdout).toContain(`Another active key is called twin too: ${id}.`);
    for (const { id: one } of (await gate.json<ApiKey[]>("keys", "list")).filter(({ name }) => name === "twin")) {
      await gate.run("keys", "revoke", one);
    }
    expect((await create()).stdout).not.toContain("Another active key");
  });

  it("refuse a role that does not exist with exit 2", async () => {
    expect((await gate.run("keys", "create", "--name", "x", "--role", "root")).code).toBe(2);
  });
});

describe("agents", () => {
  it("disable halts an agent and enable lets it be decided again", async () => {
    const agent = { ...ALLOWED, agent_id: "loose" };
    await gate.submit(agent);
    expect(await gate.json("agents", "disable", "loose", "--reason", "misbehaved")).toMatchObject({ enabled: false });
    expect(await gate.submit(agent)).toMatchObject({ outcome: "HALT", reason_code: "AGENT_DISABLED" });
    expect((await gate.run("agents", "list")).stdout).toMatch(/loose\s+disabled\s+2\s+.*misbehaved/);
    expect((await gate.run("agents", "enable", "loose")).stdout).toBe("loose is enabled\n");
    expect(await gate.submit(agent)).toMatchObject({ outcome: "EXECUTE" });
  });
});

describe("policy show", () => {
  it("shows the rules that are active on the gate", async () => {
    const { code, stdout } = await gate.run("policy", "show");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^cli-tests v1 {2}[0-9a-f]{64}/);
    expect(stdout).toContain("finance-only");
    expect(await gate.json("policy", "show")).toMatchObject({
      id: "cli-tests",
      version: 1,
      rules: [{ id: "read" }, {}, {}, {}],
    });
  });
});

describe("keys and addresses", () => {
  it("a key is found in the data directory of a gate on this machine", async () => {
    await writeFile(gate.folder.path("data", "developer.key"), `${ADMIN_KEY}\n`, { mode: 0o600 });
    const { code } = await faramesh(["list", "--url", gate.url, "--data", "data"], { cwd: gate.folder.dir });
    expect(code).toBe(0);
  });

  it("a wrong key is unauthorized, with a hint and without an echo of it", async () => {
    const failed = await faramesh(["list"], { env: { FARAMESH_URL: gate.url, FARAMESH_API_KEY: "fm_wrong_secret" } });
    expect({ code: failed.code, error: codeOf(failed) }).toEqual({ code: 1, error: "unauthorized" });
    expect(failed.stderr).toContain("hint: ");
    expect(failed.stderr).not.toContain("fm_wrong_secret");
  });

  it("no key at all is said to be none, with what to set", async () => {
    const env = { FARAMESH_URL: gate.url };
    for (const [args, said] of [
      [["keys", "list"], "error: no key was sent\n"],
      [["list"], "error: No key was sent: set FARAMESH_API_KEY"],
    ] as const) {
      const failed = await faramesh(args, { cwd: gate.folder.dir, env });
      expect({ code: failed.code, error: codeOf(failed) }).toEqual({ code: 1, error: "unauthorized" });
      expect(failed.stderr).toContain(said);
      expect(failed.stderr).toMatch(/^hint: set FARAMESH_API_KEY/m);
    }
  });

  it("a gate that is not there is unreachable, never an empty list", async () => {
    for (const args of [["list"], ["keys", "list"], ["get", "abcd"]]) {
      const failed = await faramesh([...args, "--url", "http://127.0.0.1:1"], { cwd: gate.folder.dir });
      expect({ code: failed.code, stdout: failed.stdout, error: codeOf(failed) }).toEqual({
        code: 1,
        stdout: "",
        error: "unreachable",
      });
    }
  });
});

describe("doctor", () => {
  it("finds nothing wrong with a gate that works", async () => {
    const { code, stdout } = await gate.run("doctor", "--data", "data", "--policy", "policy.yaml");
    expect(stdout).not.toMatch(/^!!/m);
    expect(code).toBe(0);
    for (const name of [
      "node",
      "data directory",
      "policy file",
      "gate",
      "clock",
      "gate store",
      "key",
      "policy in use",
    ]) {
      expect(stdout).toMatch(new RegExp(`^ok {2}${name} `, "m"));
    }
    expect(stdout).toContain("role admin");
  });

  it("names each thing that is wrong and exits 1", async () => {
    const open = await scratch();
    await writeFile(join(open.dir, "admin.key"), "fm_x_y", { mode: 0o644 });
    await writeFile(open.path("broken.yaml"), "version: 1\nrulez: []\n");
    const args = ["doctor", "--data", open.dir, "--policy", open.path("broken.yaml"), "--url", "http://127.0.0.1:1"];
    const { code, stdout } = await faramesh(args, { cwd: open.dir });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^!! {2}data directory .*admin\.key.*chmod 600/m);
    expect(stdout).toMatch(/^!! {2}policy file .*broken\.yaml:\d+:\d+: /m);
    expect(stdout).toMatch(/^!! {2}gate .*cannot reach/m);
    const report = JSON.parse((await faramesh([...args, "--json"], { cwd: open.dir })).stdout) as { ok: boolean };
    expect(report.ok).toBe(false);
    await open.remove();
  });

  it("warns where the gate decides by another policy than the file says, and not of another spelling", async () => {
    const changed = gate.folder.path("changed.yaml");
    await writeFile(changed, `# the same\n${POLICY}`);
    const same = await gate.run("doctor", "--data", "data", "--policy", "changed.yaml");
    expect(same.stdout).toMatch(/^ok {2}policy in use /m);
    await writeFile(changed, POLICY.replace("Not here", "Not anywhere"));
    const { code, stdout } = await gate.run("doctor", "--data", "data", "--policy", "changed.yaml");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\?\? {2}policy in use +the gate decides by cli-tests v1, not by changed\.yaml: .*SIGHUP/m);
    const auditor = await faramesh(["doctor", "--policy", "changed.yaml"], {
      cwd: gate.folder.dir,
      env: await gate.keyOf("approver", "no-reader"),
    });
    expect(auditor.stdout).not.toContain("policy in use");
  });

  it("looks at the policy that dev uses in this folder", async () => {
    const here = await scratch();
    const looked = async () => (await faramesh(["doctor", "--url", "http://127.0.0.1:1"], { cwd: here.dir })).stdout;
    expect(await looked()).toMatch(/^ok {2}policy file +no faramesh\.yaml here: `node \S+main\.js init` writes one$/m);
    await mkdir(here.path(".faramesh"));
    await writeFile(here.path(".faramesh", "policy.yaml"), POLICY);
    expect(await looked()).toMatch(/^ok {2}policy file +\.faramesh\/policy\.yaml: 4 rules/m);
    await writeFile(here.path("faramesh.yaml"), POLICY);
    expect(await looked()).toMatch(/^ok {2}policy file +faramesh\.yaml: 4 rules/m);
    await here.remove();
  });

  it("says how to give a key where there is none", async () => {
    const { code, stdout } = await faramesh(["doctor"], { cwd: gate.folder.dir, env: { FARAMESH_URL: gate.url } });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^!! {2}key +no key: set FARAMESH_API_KEY or use --data DIR$/m);
  });

  it("says when the key is not known to the gate", async () => {
    const args = ["doctor", "--url", gate.url];
    const { code, stdout } = await faramesh(args, {
      cwd: gate.folder.dir,
      env: { FARAMESH_API_KEY: "fm_wrong_secret" },
    });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^!! {2}key .*the environment/m);
    expect(stdout).not.toContain("fm_wrong_secret");
  });
});
