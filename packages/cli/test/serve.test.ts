import { existsSync } from "node:fs";
import { stat, writeFile } from "node:fs/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ALLOWED, POLICY } from "./policies.js";
import { ADMIN_KEY, faramesh, type Running, type Scratch, scratch, start, startGate } from "./running.js";

let folder: Scratch;
const started: Running[] = [];

beforeAll(async () => {
  folder = await scratch();
  await writeFile(folder.path("policy.yaml"), POLICY);
});

afterEach(async () => {
  await Promise.all(started.splice(0).map((running) => running.stop("SIGKILL")));
});

afterAll(() => folder.remove());

async function gate(dataDir: string) {
  const running = await startGate(folder.path(dataDir), folder.path("policy.yaml"));
  started.push(running);
  return running;
}

function serve(...args: string[]): Running {
  const running = start(["serve", "--port", "0", ...args], { cwd: folder.dir });
  started.push(running);
  return running;
}

describe("faramesh serve", () => {
  it("picks a free port for --port 0 and prints one line of stdout", async () => {
    const { url, stdout } = await gate("one");
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(stdout()).toBe(`listening on ${url}\n`);
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });

  it("takes FARAMESH_TOKEN as the admin key and never prints it", async () => {
    const running = await gate("token");
    const asked = (key: string) => fetch(`${running.url}/v1/whoami`, { headers: { authorization: `Bearer ${key}` } });
    expect(await (await asked(ADMIN_KEY)).json()).toMatchObject({ role: "admin" });
    expect((await asked("wrong")).status).toBe(401);
    expect(running.stdout() + running.stderr()).not.toContain(ADMIN_KEY);
  });

  it.each(["SIGTERM", "SIGINT"] as const)(
    "drains, commits and exits 0 within 5 s of %s, held requests included",
    async (signal) => {
      const running = await gate(`drain-${signal}`);
      const { env } = running;
      const submitted = await faramesh(["submit", "--file", "-", "--json"], { env, input: JSON.stringify(ALLOWED) });
      const { id } = JSON.parse(submitted.stdout) as { id: string };
      const held = fetch(`${running.url}/v1/actions/${id}?wait=60s`, {
        headers: { authorization: `Bearer ${ADMIN_KEY}` },
      });
      const streamed = fetch(`${running.url}/v1/events`, { headers: { authorization: `Bearer ${ADMIN_KEY}` } });
      await streamed;
      const asked = performance.now();
      const { code } = await running.stop(signal);
      expect(code).toBe(0);
      expect(performance.now() - asked).toBeLessThan(5_000);
      await Promise.allSettled([held, streamed.then((response) => response.text())]);
      const again = await startGate(folder.path(`drain-${signal}`), folder.path("policy.yaml"));
      started.push(again);
      expect((await faramesh(["get", id, "--json"], { env: again.env })).code).toBe(0);
    },
  );

  it.each([1, 2, 3])(
    "drains and exits 0 when SIGTERM comes with the line that says it listens (%i of 3)",
    async (n) => {
      const running = serve("--data", `eager-${n}`);
      await running.until(/listening on/);
      expect((await running.stop("SIGTERM")).code).toBe(0);
    },
  );

  it("finishes starting and then stops when SIGTERM comes during the start", async () => {
    const running = serve("--data", "during-start", "--policy", "policy.yaml");
    // The gate makes its data directory when it starts, well before it listens.
    await expect.poll(() => existsSync(folder.path("during-start")), { interval: 1, timeout: 10_000 }).toBe(true);
    const { code, stderr } = await running.stop("SIGTERM");
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.not.stringContaining("error:") });
  });

  it("reads the policy again at SIGHUP, and goes on with the last good one when it does not load", async () => {
    const policyFile = folder.path("changing.yaml");
    await writeFile(policyFile, POLICY);
    const running = await startGate(folder.path("changing"), policyFile);
    started.push(running);
    const outcome = async (): Promise<string> => {
      const { stdout } = await faramesh(["decide", "--file", "-", "--json"], {
        env: running.env,
        input: JSON.stringify(ALLOWED),
      });
      return (JSON.parse(stdout) as { outcome: string }).outcome;
    };
    expect(await outcome()).toBe("EXECUTE");
    await writeFile(policyFile, "version: 1\nname: none\nrules: []\nruels: []\n");
    process.kill(running.pid, "SIGHUP");
    await expect.poll(running.stderr, { timeout: 10_000 }).toMatch(/is not used: line 4, .*ruels/);
    expect(await outcome()).toBe("EXECUTE");
    await writeFile(policyFile, "version: 1\nname: none\nrules: []\n");
    process.kill(running.pid, "SIGHUP");
    await expect.poll(running.stderr, { timeout: 10_000 }).toContain("loaded again");
    expect(await outcome()).toBe("HALT");
  });

  it("refuses a data directory that another gate serves, and names that gate", async () => {
    const first = await gate("shared");
    const { code, stdout, stderr } = await faramesh(["serve", "--data", folder.path("shared"), "--port", "0"]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(`process ${first.pid}`);
    expect(stderr).toContain(first.url);
    expect(stderr).toContain("code: data_dir_in_use");
  });

  it("says that its port is taken and what to do", async () => {
    const { port } = new URL((await gate("port")).url);
    const { code, stderr } = await faramesh(["serve", "--data", folder.path("other"), "--port", port]);
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`^error: port ${port} on 127\\.0\\.0\\.1 is taken.*--port`, "m"));
    expect(stderr).toContain("code: port_in_use");
  });

  it("trap: a policy that does not load stops the start, saying which line and why", async () => {
    await writeFile(folder.path("broken.yaml"), POLICY.replace("deny: true", "denny: true"));
    const { code, stdout, stderr } = await faramesh(
      ["serve", "--data", "broken", "--port", "0", "--policy", "broken.yaml"],
      { cwd: folder.dir },
    );
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/broken\.yaml:\d+:\d+: .*denny/);
    expect(stderr).toContain("code: invalid_policy");
  });

  it("makes an admin key at the first start, keeps it for the command line with mode 0600, and prints it once", async () => {
    const first = serve("--data", "keyed");
    await first.until(/^listening on/m);
    expect(((await stat(folder.path("keyed", "admin.key"))).mode & 0o777).toString(8)).toBe("600");
    const { stderr } = await first.stop();
    expect(stderr.match(/fm_\w+/g) ?? []).toHaveLength(1);
    const second = serve("--data", "keyed");
    const [, url = ""] = await second.until(/^listening on (\S+)$/m);
    const listed = await faramesh(["list", "--data", "keyed", "--url", url, "--json"], { cwd: folder.dir });
    expect({ code: listed.code, actions: JSON.parse(listed.stdout) as unknown }).toEqual({ code: 0, actions: [] });
    expect((await second.stop()).stderr).not.toMatch(/fm_/);
  });

  it("trap: --insecure-no-auth is refused on an address that others can reach", async () => {
    const { code, stderr } = await faramesh([
      "serve",
      "--data",
      folder.path("open"),
      "--host",
      "0.0.0.0",
      "--port",
      "0",
      "--insecure-no-auth",
    ]);
    expect(code).toBe(1);
    expect(stderr).toContain("loopback");
  });

  it("serves without keys on loopback with --insecure-no-auth", async () => {
    const running = serve("--data", "open", "--insecure-no-auth");
    const [, url = ""] = await running.until(/^listening on (\S+)$/m);
    expect((await faramesh(["list", "--url", url], { cwd: folder.dir })).code).toBe(0);
  });
});
