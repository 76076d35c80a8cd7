import { spawn } from "node:child_process";
import { mkdir, readdir, readFile, rmdir, stat, writeFile } from "node:fs/promises";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";
import type { Action } from "@faramesh/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cleanEnvironment, type Finished, faramesh, type Running, type Scratch, scratch, start } from "./running.js";

const CLONE = fileURLToPath(new URL("../../../", import.meta.url));
const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));
/** A step may make a virtual environment and install a package into it. */
const STEP_MS_MAX = 180_000;

let folder: Scratch;
let dev: Running;

function startDev(...args: string[]): Running {
  return start(["dev", "--data", folder.path("data"), "--port", "0", ...args], { cwd: CLONE });
}

beforeAll(async () => {
  folder = await scratch();
  dev = startDev();
  await dev.until(/Stop with Ctrl-C/);
});

afterAll(async () => {
  await dev.stop("SIGKILL");
  await folder.remove();
});

/** The printed steps, each under its heading, the two export lines first. */
function printedSteps(running = dev): string[] {
  const [, ...steps] = running.stdout().split(/^# .*$/m);
  return steps.map((step) => step.replace(/^Decisions appear below.*/ms, "").trim());
}

function paste(step: string, running = dev): Promise<Finished> {
  const [exports = ""] = printedSteps(running);
  return finishedProgram("bash", ["-c", `${exports}\n${step}`]);
}

function finishedProgram(program: string, args: string[]): Promise<Finished> {
  const child = spawn(program, args, { cwd: CLONE, env: cleanEnvironment() });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, stdout, stderr })));
}

describe("faramesh dev", () => {
  it("prints two export lines with a developer key that it keeps with mode 0600", async () => {
    const [exports = ""] = printedSteps();
    const lines = exports.split("\n");
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^export FARAMESH_URL=http:\/\/127\.0\.0\.1:\d+$/);
    const file = folder.path("data", "developer.key");
    expect(lines[1]).toBe(`export FARAMESH_API_KEY=${(await readFile(file, "utf8")).trim()}`);
    expect(((await stat(file)).mode & 0o777).toString(8)).toBe("600");
  });

  it("the curl step works as printed, and its decision appears in the terminal", async () => {
    const { code, stdout } = await paste(printedSteps()[1] ?? "");
    expect(code).toBe(0);
    const action = JSON.parse(stdout) as Action;
    expect(action).toMatchObject({ status: "allowed", rule_id: "read-only-shell" });
    await dev.until(new RegExp(`allowed .*my-agent {2}shell\\.exec .*${action.id}`));
  });

  it("the Python step works as printed and runs the command through the gate", { timeout: STEP_MS_MAX }, async () => {
    const { code, stdout, stderr } = await paste(printedSteps()[2] ?? "");
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stdout).toMatch(/^EXECUTE /);
    expect(stdout).toContain("package.json");
    await dev.until(/succeeded .*shell\.exec/);
  });

  it("the TypeScript step works as printed, and the approval it prints does too", async () => {
    const { code, stdout } = await paste(printedSteps()[3] ?? "");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^pending_approval /);
    const [, approve = ""] = /approve it with: (.+)/.exec(stdout) ?? [];
    const approved = await paste(approve);
    expect(approved.code).toBe(0);
    expect(approved.stdout).toMatch(/^approved/);
    await dev.until(/approved .*payments\.refund .*developer/);
  });

  it("ends when the terminal that it runs in is closed, the gate drained", async () => {
    // The shell's part: a terminal of its own, closed once the gate is there; then how the process ended.
    const terminal = `
import os, pty, sys
pid, end = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
shown = b""
while b"Stop with Ctrl-C" not in shown:
    shown += os.read(end, 4096)
os.close(end)
print(os.WTERMSIG(os.waitpid(pid, 0)[1]))`;
    const command = [process.execPath, MAIN, "dev", "--data", folder.path("closed"), "--port", "0"];
    const { stdout } = await finishedProgram("python3", ["-c", terminal, ...command]);
    expect(stdout.trim()).toBe(String(constants.signals.SIGHUP));
    expect(await readdir(folder.path("closed"))).not.toContain("gate.json");
  });

  it("its starter policy checks without a warning", async () => {
    const { code } = await faramesh(["policy", "check", folder.path("data", "policy.yaml"), "--strict"]);
    expect(code).toBe(0);
  });

  it("keeps its key over a restart, and makes another when the gate does not know it any more", async () => {
    const keyIn = (running: Running) => /FARAMESH_API_KEY=(\S+)/.exec(running.stdout())?.[1];
    const before = keyIn(dev);
    expect((await dev.stop("SIGTERM")).code).toBe(0);
    dev = startDev();
    const [, url = ""] = await dev.until(/listening on (\S+)/);
    await dev.until(/Stop with Ctrl-C/);
    expect(keyIn(dev)).toBe(before);
    const env = {
      FARAMESH_URL: url,
      FARAMESH_API_KEY: (await readFile(folder.path("data", "admin.key"), "utf8")).trim(),
    };
    await faramesh(["keys", "revoke", before?.split("_")[1] ?? ""], { env });
    expect((await dev.stop("SIGINT")).code).toBe(0);
    dev = startDev();
    await dev.until(/Stop with Ctrl-C/);
    expect(keyIn(dev)).toMatch(/^fm_/);
    expect(keyIn(dev)).not.toBe(before);
  });

  it.each([1, 2, 3])("drains and exits 0 when SIGTERM comes with the line that says it listens (%i of 3)", async () => {
    const running = start(["dev", "--data", folder.path("eager"), "--port", "0"], { cwd: CLONE });
    await running.until(/listening on/);
    const { code, stderr } = await running.stop("SIGTERM");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });

  it("closes the gate and exits 1 when its key cannot be kept", async () => {
    await mkdir(folder.path("unkept", "developer.key"), { recursive: true });
    const args = ["dev", "--data", folder.path("unkept"), "--port", "0"];
    const { code, stdout, stderr } = await faramesh(args, { cwd: folder.dir });
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^error: .*developer\.key/m);
    await rmdir(folder.path("unkept", "developer.key"));
    const again = start(args, { cwd: folder.dir });
    await again.until(/Stop with Ctrl-C/);
    expect((await again.stop()).code).toBe(0);
  });

  it("says who holds the data directory or the port when it cannot start", async () => {
    const second = await faramesh(["dev", "--data", folder.path("data"), "--port", "0"], { cwd: folder.dir });
    expect({ code: second.code, stderr: second.stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`process ${dev.pid}`),
    });
    const { port } = new URL(/listening on (\S+)/.exec(dev.stdout())?.[1] ?? "");
    const samePort = await faramesh(["dev", "--data", folder.path("other"), "--port", port], { cwd: folder.dir });
    expect(samePort.stderr).toMatch(new RegExp(`^error: port ${port} .*--port`, "m"));
  });
});

describe("faramesh dev with a policy of one's own", () => {
  let own: Running;

  beforeAll(async () => {
    await writeFile(folder.path("own.yaml"), "version: 1\nrules: []\n");
    own = start(["dev", "--data", folder.path("own"), "--port", "0", "--policy", folder.path("own.yaml")], {
      cwd: CLONE,
    });
    await own.until(/Stop with Ctrl-C/);
  });

  afterAll(() => own.stop("SIGKILL"));

  it("promises of no step what comes of it", () => {
    const headings = own.stdout().match(/^# .*$/gm) ?? [];
    expect(headings).toHaveLength(5);
    expect(headings.join("\n")).not.toMatch(/allows|must approve/);
  });

  it("prints steps that work where everything is denied, and none of them says to approve", async () => {
    const [, curl = "", , typescript = "", explain = ""] = printedSteps(own);
    expect(JSON.parse((await paste(curl, own)).stdout)).toMatchObject({ status: "denied" });
    const { code, stdout } = await paste(typescript, own);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^denied .*\n$/) });
    expect((await paste(explain, own)).stdout).toMatch(/^HALT /);
  });

  it("prints a Python step that says what was denied", { timeout: STEP_MS_MAX }, async () => {
    const { code, stdout } = await paste(printedSteps(own)[2] ?? "", own);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^The policy denied shell exec: /) });
  });

  it("follows every change of the policy, and keeps the last good one while a change does not load", async () => {
    const [, curl = ""] = printedSteps(own);
    await writeFile(folder.path("own.yaml"), "rules: []\nruels: []\n");
    await expect.poll(own.stderr, { timeout: 10_000 }).toMatch(/own\.yaml is not used: .*ruels/);
    await writeFile(folder.path("own.yaml"), "rules: [{ match: { tool: shell }, allow: true }]\n");
    await expect.poll(own.stderr, { timeout: 10_000 }).toContain("own.yaml loaded again");
    expect(JSON.parse((await paste(curl, own)).stdout)).toMatchObject({ status: "allowed" });
  });
});
