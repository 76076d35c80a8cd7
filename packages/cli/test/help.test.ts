import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { COMMANDS } from "../src/command-table.js";
import { faramesh } from "./running.js";

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));

/** A module for `--import` that writes the address of everything imported after it to stderr. */
const HOOK = `import { writeSync } from "node:fs";
export async function resolve(specifier, context, next) {
  const found = await next(specifier, context);
  writeSync(2, found.url + "\\n");
  return found;
}`;
const LOG_IMPORTS = dataUrl(`import { register } from "node:module"; register(${JSON.stringify(dataUrl(HOOK))});`);

function dataUrl(source: string): string {
  return `data:text/javascript,${encodeURIComponent(source)}`;
}

describe("faramesh --help", () => {
  it("lists every command and the exit codes", async () => {
    const { code, stdout } = await faramesh(["--help"]);
    expect(code).toBe(0);
    for (const { name, summary } of COMMANDS) expect(stdout).toMatch(new RegExp(`  ${name} .*${summary.slice(0, 20)}`));
    expect(stdout).toContain("Exit codes:");
  });

  it("loads no package of the gate and no command, which is what keeps it fast", () => {
    const { stderr } = spawnSync(process.execPath, ["--import", LOG_IMPORTS, MAIN, "--help"], { encoding: "utf8" });
    expect(stderr).toContain("/cli/dist/program.js");
    expect(stderr).toContain("/commander/");
    expect(stderr).not.toMatch(/\/(core|sdk|server|cli-table3|yaml)\/|\/dist\/commands\//);
  });

  it("starts in little more time than Node itself", () => {
    const milliseconds = (args: string[]) => {
      const started = performance.now();
      spawnSync(process.execPath, args);
      return performance.now() - started;
    };
    const pairs = Array.from(
      { length: 10 },
      () => [milliseconds([MAIN, "--help"]), milliseconds(["-e", "0"])] as const,
    );
    const fastest = Math.min(...pairs.map(([help]) => help));
    expect(fastest / Math.min(...pairs.map(([, bare]) => bare))).toBeLessThan(3);
  });

  it.each(COMMANDS.map((entry) => entry.name))("%s has a help page of its own", async (name) => {
    const { code, stdout } = await faramesh([name, "--help"]);
    expect(code).toBe(0);
    expect(stdout).toContain(`Usage: faramesh ${name}`);
    expect((await faramesh(["help", name])).stdout).toBe(stdout);
  });

  it("tells its version", async () => {
    expect((await faramesh(["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe("wrong calls", () => {
  it("exit 2 with error and code on stderr", async () => {
    for (const args of [
      ["lst"],
      ["list", "--limt", "3"],
      ["get"],
      ["list", "--limit", "0"],
      ["keys", "create"],
      ["get", "xyz"],
    ]) {
      const { code, stdout, stderr } = await faramesh(args);
      expect({ args, code, stdout }).toEqual({ args, code: 2, stdout: "" });
      expect(stderr).toMatch(/^error: .+\n(.*\n)*code: usage\n/);
    }
  });

  it("say of what can begin no id what ids are made of, and of what is too short how long it must be", async () => {
    const ids = (given: string) => faramesh(["approve", given]).then(({ stderr }) => stderr);
    expect(await ids("nope")).toContain("nope does not begin an action id, which is made of 0-9, a-f and -\n");
    expect(await ids("01a")).toContain("01a is too short: give at least 4 characters of the id\n");
  });

  it("suggest the command that was meant", async () => {
    expect((await faramesh(["lst"])).stderr).toContain("Did you mean list?");
  });

  it("exit 2 and show help where no command is given", async () => {
    const { code, stderr } = await faramesh([]);
    expect(code).toBe(2);
    expect(stderr).toContain("Usage: faramesh");
  });

  it("say it as one JSON object with --json", async () => {
    const { code, stderr } = await faramesh(["get", "xy", "--json"]);
    expect(code).toBe(2);
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: "usage", message: expect.any(String) } });
  });
});

describe("completion", () => {
  it.each(["bash", "zsh", "fish"])("prints a %s script that knows commands, subcommands and options", async (shell) => {
    const { code, stdout } = await faramesh(["completion", shell]);
    expect(code).toBe(0);
    for (const word of ["approve", "rotate", "check", "strict"]) expect(stdout).toContain(word);
  });

  it("completes in a real bash", async () => {
    const { stdout } = await faramesh(["completion", "bash"]);
    const complete = (...words: string[]) => {
      const script = `${stdout}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}
_faramesh; printf '%s\\n' "\${COMPREPLY[@]}"`;
      return spawnSync("bash", ["-c", script], { encoding: "utf8" }).stdout.trim().split("\n");
    };
    expect(complete("faramesh", "app")).toEqual(["approve"]);
    expect(complete("faramesh", "policy", "")).toEqual(expect.arrayContaining(["check", "show", "test"]));
    expect(complete("faramesh", "policy", "check", "file.yaml", "--st")).toEqual(["--strict"]);
  });

  it("refuses another shell with exit 2", async () => {
    expect((await faramesh(["completion", "csh"])).code).toBe(2);
  });
});
