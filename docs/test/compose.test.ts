import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CORE_SCHEMA, load, mergeTag } from "js-yaml";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FreshDatabase, freshDatabase } from "../../packages/server/test/postgres.js";
import { plainEnvironment, run } from "./running.js";
import { CLONE, readDocument } from "./snippets.js";

interface Service {
  image: string;
  command?: string;
  working_dir?: string;
  environment?: Record<string, string>;
  volumes?: string[];
  ports?: string[];
  configs?: { source: string }[];
  depends_on?: string[] | Record<string, { condition: string }>;
  healthcheck?: { test: string[] };
  read_only?: boolean;
}

interface Compose {
  services: Record<string, Service>;
  configs: Record<string, { content: string }>;
  volumes: Record<string, unknown>;
}

const text = readDocument("docker-compose.yaml");
const compose = load(text, { schema: CORE_SCHEMA.withTags(mergeTag) }) as Compose;
const gates = Object.entries(compose.services).filter(([, { image }]) => image.startsWith("node:"));
const [, gate] = gates[0] ?? [];
const balancer = compose.configs["balancer"]?.content ?? "";

const words = (gate?.command ?? "").split(" ");
const [program = "", script = "", command = "", ...options] = words;

/** The value behind an option of the gates' command. */
function option(name: string): string {
  return options[options.indexOf(name) + 1] ?? "";
}

describe("docker-compose.yaml", () => {
  it("starts three gates that are alike", () => {
    expect(gates).toHaveLength(3);
    for (const [, one] of gates) expect(one).toEqual(gate);
  });

  it("runs a command that there is, with options that it has", async () => {
    expect([program, command]).toEqual(["node", "serve"]);
    expect(existsSync(CLONE + script)).toBe(true);
    const { stdout } = await run("node", [CLONE + script, command, "--help"], { cwd: CLONE, env: plainEnvironment() });
    const names = options.filter((word) => word.startsWith("--"));
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) expect(stdout).toContain(` ${name} `);
  });

  it("sets variables that a gate reads, and asks for those that are secret", () => {
    const known = readDocument("packages/server/src/config.ts");
    const environment = Object.entries(gate?.environment ?? {});
    for (const [name] of environment) expect(known).toMatch(new RegExp(`\\b${name}\\b`));
    const [usage = ""] = /^# .*docker compose up$/m.exec(text) ?? [];
    const asked = environment.filter(([name, value]) => value.startsWith(`\${${name}:?`)).map(([name]) => name);
    expect(asked.sort()).toEqual(["FARAMESH_SECRET", "FARAMESH_TOKEN"]);
    for (const name of asked) expect(usage).toContain(`${name}=$(`);
  });

  it("leads the gates to the PostgreSQL beside them", () => {
    const { POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB } = compose.services["postgres"]?.environment ?? {};
    const store = `postgres://${POSTGRES_USER}:${POSTGRES_PASSWORD}@postgres:5432/${POSTGRES_DB}`;
    expect(gate?.environment?.["FARAMESH_STORE"]).toBe(store);
    expect(gate?.depends_on).toEqual({ postgres: { condition: "service_healthy" } });
    expect(compose.services["postgres"]?.healthcheck?.test).toContain(POSTGRES_USER);
  });

  it("shows the gates this checkout, and in it the policy that `faramesh init` writes, to read only", () => {
    expect(gate?.volumes).toEqual([`.:${gate?.working_dir}:ro`]);
    expect(gate?.read_only).toBe(true);
    expect(option("--policy")).toBe(`${gate?.working_dir}/faramesh.yaml`);
    expect(readDocument("packages/cli/src/commands/init.ts")).toContain('"faramesh.yaml"');
  });

  it("puts all gates, and nothing else, behind the balancer, which is on this machine's loopback only", () => {
    const servers = [...balancer.matchAll(/^ +server (\S+) (\S+):(\d+) check/gm)].map(([, name, host, port]) => [
      name,
      host,
      port,
    ]);
    expect(servers).toEqual(gates.map(([name]) => [name, name, option("--port")]));
    const [, asked = ""] = /option httpchk GET (\S+)/.exec(balancer) ?? [];
    expect(readDocument("packages/server/src/http/routes/about.ts")).toContain(`"${asked}"`);
    const [, port] = /^ +bind :(\d+)$/m.exec(balancer) ?? [];
    const published = Object.values(compose.services).flatMap(({ ports = [] }) => ports);
    expect(published).toEqual([`127.0.0.1:8000:${port}`]);
  });

  it("names no service, volume or config that it does not have", () => {
    const { services, configs, volumes } = compose;
    for (const service of Object.values(services)) {
      const needed = service.depends_on ?? [];
      for (const name of Array.isArray(needed) ? needed : Object.keys(needed)) expect(services).toHaveProperty(name);
      for (const { source } of service.configs ?? []) expect(configs).toHaveProperty(source);
      const named = (service.volumes ?? []).map((volume) => volume.split(":")[0] ?? "");
      for (const name of named.filter((from) => /^\w/.test(from))) expect(volumes).toHaveProperty(name);
    }
  });
});

describe("the gates' command", () => {
  let folder: string;
  let database: FreshDatabase;
  let child: ChildProcess | undefined;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "faramesh-compose-"));
    symlinkSync(`${CLONE}packages`, join(folder, "packages"));
    database = await freshDatabase();
  });
  afterAll(async () => {
    child?.kill("SIGKILL");
    await database.drop();
    rmSync(folder, { recursive: true });
  });

  it("serves from a folder that it writes nothing into, and ends with 0 when it is told to", async () => {
    await run("node", [CLONE + script, "init"], { cwd: folder, env: plainEnvironment() });
    const before = readdirSync(folder);
    const ours = new Map([
      ["--host", "127.0.0.1"],
      ["--port", "0"],
      ["--policy", join(folder, "faramesh.yaml")],
    ]);
    const args = words.slice(1).map((word, at) => ours.get(words[at] ?? "") ?? word);
    const { FARAMESH_STORE: _store, ...asked } = gate?.environment ?? {};
    const secrets = Object.fromEntries(Object.keys(asked).map((name) => [name, "0123456789abcdef0123456789abcdef"]));
    const env = { ...plainEnvironment(), ...secrets, FARAMESH_STORE: database.url };
    const node = spawn(program, args, { cwd: folder, env, stdio: ["ignore", "pipe", "inherit"] });
    child = node;
    const ended = once(node, "exit");
    const [line] = (await Promise.race([once(node.stdout, "data"), ended])) as unknown[];
    const [, url] = /^listening on (http:\S+)$/m.exec(String(line)) ?? [];
    expect((await fetch(`${url}/ready`)).status).toBe(200);
    node.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
    expect(readdirSync(folder)).toEqual(before);
  });
});
