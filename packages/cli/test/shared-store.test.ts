import { existsSync } from "node:fs";
import { readdir, writeFile } from "node:fs/promises";
import { createClient } from "@faramesh/sdk";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { newPlace, type Place } from "../../server/test/places.js";
import { ALLOWED, POLICY } from "./policies.js";
import { ADMIN_KEY, faramesh, type Running, type Scratch, scratch, start } from "./running.js";

let folder: Scratch;
let place: Place;
let store: string;
let shared: Record<string, string>;
const started: Running[] = [];

beforeAll(async () => {
  folder = await scratch();
  await writeFile(folder.path("policy.yaml"), POLICY);
});
afterAll(() => folder.remove());

beforeEach(async () => {
  place = await newPlace("PostgreSQL");
  store = place.config.store ?? "";
  shared = { FARAMESH_STORE: store, FARAMESH_SECRET: place.config.secret ?? "" };
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((running) => running.stop("SIGKILL")));
  await place.remove();
});

/** Starts a node, in an empty folder but for the policy. */
async function node(env: Record<string, string>, ...args: string[]): Promise<Running & { url: string }> {
  const running = start(["serve", "--port", "0", "--policy", "policy.yaml", ...args], { cwd: folder.dir, env });
  started.push(running);
  const [, url = ""] = await running.until(/^listening on (http:\S+)$/m);
  return { ...running, url };
}

const PASSWORD = "hunter2-of-the-tests";
/** Port 1 is nobody's. */
const UNREACHABLE = `postgres://gate:${PASSWORD}@127.0.0.1:1/faramesh`;

describe("faramesh migrate", () => {
  it("brings an empty database to the schema, naming what it did, and then has nothing to do", async () => {
    const first = await faramesh(["migrate", "--store", store]);
    expect(first).toMatchObject({ code: 0, stderr: "", stdout: expect.stringMatching(/^applied 0001_init\.sql.*\n$/) });
    const again = await faramesh(["migrate"], { env: { FARAMESH_STORE: store } });
    expect(again).toEqual({ code: 0, stderr: "", stdout: "the schema is up to date\n" });
    expect(await place.content()).toContain("0001_init.sql");
  });

  it("says it in JSON with --json", async () => {
    const names = async () => {
      const { stdout } = await faramesh(["migrate", "--json"], { env: { FARAMESH_STORE: store } });
      return (JSON.parse(stdout) as { applied: string[] }).applied;
    };
    expect(await names()).toContain("0001_init.sql");
    expect(await names()).toEqual([]);
  });

  it("may be done by any number at once", async () => {
    const all = await Promise.all([1, 2, 3].map(() => faramesh(["migrate", "--store", store])));
    expect(all.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(all.filter(({ stdout }) => stdout.startsWith("applied "))).toHaveLength(1);
  });

  it("asks which database where none is told", async () => {
    const { code, stdout, stderr } = await faramesh(["migrate"]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("FARAMESH_STORE");
    expect(stderr).toMatch(/^code: usage$/m);
  });

  it("repeats no password, of a database that is not there and of a text that names none", async () => {
    for (const [url, reason] of [
      [UNREACHABLE, "store_unavailable"],
      [`mysql://gate:${PASSWORD}@127.0.0.1/faramesh`, "invalid_config"],
    ] as const) {
      const { code, stdout, stderr } = await faramesh(["migrate"], { env: { FARAMESH_STORE: url } });
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toMatch(new RegExp(`^code: ${reason}$`, "m"));
      expect(stderr).not.toContain(PASSWORD);
    }
  });
});

describe("faramesh serve --store", () => {
  it("serves what every other node of the database does, and makes no data directory", async () => {
    const [one, other] = await Promise.all([
      node({ ...shared, FARAMESH_TOKEN: ADMIN_KEY }),
      node({ FARAMESH_SECRET: shared["FARAMESH_SECRET"] ?? "", FARAMESH_TOKEN: ADMIN_KEY }, "--store", store),
    ]);
    const { id } = await createClient({ url: one.url, apiKey: ADMIN_KEY }).submitAction(ALLOWED);
    expect(await createClient({ url: other.url, apiKey: ADMIN_KEY }).getAction(id)).toMatchObject({ id });
    expect(await readdir(folder.dir)).toEqual(["policy.yaml"]);
  });

  it("prints the first admin key once, keeps it nowhere, and takes it at every node", async () => {
    const first = await node(shared);
    await expect.poll(first.stderr).toMatch(/fm_/);
    const [, key = ""] = /^admin key, shown this once: (fm_\S+)$/m.exec(first.stderr()) ?? [];
    const second = await node(shared);
    for (const { url } of [first, second]) {
      const { code } = await faramesh(["keys", "list"], { env: { FARAMESH_URL: url, FARAMESH_API_KEY: key } });
      expect(code).toBe(0);
    }
    const said = (await second.stop()).stderr + first.stdout() + (await first.stop()).stderr;
    expect(said.match(/fm_\w+/g)).toHaveLength(1);
    expect(await place.content()).not.toContain(key);
    expect(await readdir(folder.dir)).toEqual(["policy.yaml"]);
  });

  it("drains, commits and exits 0 within 5 s of SIGTERM, held requests included", async () => {
    const gate = await node({ ...shared, FARAMESH_TOKEN: ADMIN_KEY });
    const client = createClient({ url: gate.url, apiKey: ADMIN_KEY });
    const { id } = await client.submitAction(ALLOWED);
    const headers = { authorization: `Bearer ${ADMIN_KEY}` };
    const held = fetch(`${gate.url}/v1/actions/${id}?wait=60s`, { headers });
    const streamed = await fetch(`${gate.url}/v1/events`, { headers });
    const metrics = async () => (await fetch(`${gate.url}/metrics`)).text();
    await expect.poll(metrics).toContain("faramesh_waiting 2");
    // Whether it still gets in is not the test's to say; a refusal must have somebody waiting for it at once.
    const last = Promise.allSettled([client.submitAction(ALLOWED)]);
    const asked = performance.now();
    const { code, stderr } = await gate.stop("SIGTERM");
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.not.stringContaining("error:") });
    expect(performance.now() - asked).toBeLessThan(5_000);
    expect((await held).status).toBe(200);
    await streamed.text();
    const [answered] = await last;
    const again = await node({ ...shared, FARAMESH_TOKEN: ADMIN_KEY });
    const kept = createClient({ url: again.url, apiKey: ADMIN_KEY });
    const ids = answered.status === "fulfilled" ? [id, answered.value.id] : [id];
    for (const known of ids) expect(await kept.getAction(known)).toMatchObject({ id: known });
  });

  it("does not start without FARAMESH_SECRET, with a short one, or with another than the database's", async () => {
    await (await node({ ...shared, FARAMESH_TOKEN: ADMIN_KEY })).stop();
    for (const [secret, sentence] of [
      [
        undefined,
        "FARAMESH_SECRET is needed with a shared store: 32 random characters or more, the same on every node",
      ],
      ["hunter2", "FARAMESH_SECRET has 32 random characters or more"],
      ["h".repeat(32), "FARAMESH_SECRET is not the one that this database's keys are sealed with"],
    ] as const) {
      const env = { FARAMESH_STORE: store, ...(secret !== undefined && { FARAMESH_SECRET: secret }) };
      const { code, stdout, stderr } = await faramesh(["serve", "--port", "0"], { cwd: folder.dir, env });
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toBe(`error: ${sentence}\ncode: invalid_config\n`);
    }
  });

  it("never serves from a directory in place of a database that it cannot reach, and repeats no password", async () => {
    const env = { FARAMESH_STORE: UNREACHABLE, FARAMESH_SECRET: shared["FARAMESH_SECRET"] ?? "" };
    const { code, stdout, stderr } = await faramesh(["serve", "--port", "0"], { cwd: folder.dir, env });
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^code: store_unavailable$/m);
    expect(stderr).not.toContain(PASSWORD);
    expect(existsSync(folder.path(".faramesh"))).toBe(false);
  });
});
