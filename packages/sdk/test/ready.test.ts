import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  configure,
  createClient,
  executeIfAllowed,
  getAction,
  govern,
  streamEvents,
  submitAction,
} from "../src/index.js";
import { actionOf, claimedOf, type FakeGate, INPUT, rejection, startFakeGate } from "./fake-gate.js";

let gate: FakeGate;
beforeEach(async () => {
  gate = await startFakeGate((seen) => ({ body: seen.path.endsWith("/start") ? claimedOf() : actionOf() }));
  for (const name of ["FARAMESH_URL", "FARAMESH_BASE_URL", "FARAMESH_API_KEY", "FARAMESH_TOKEN"]) vi.stubEnv(name, "");
});
afterEach(async () => {
  configure();
  vi.unstubAllEnvs();
  await gate.close();
});

const authorizations = (): unknown[] => gate.seen.map((seen) => seen.headers.authorization);

describe("the ready functions", () => {
  it("read the environment when they are called, not when they are imported", async () => {
    vi.stubEnv("FARAMESH_URL", gate.url);
    vi.stubEnv("FARAMESH_API_KEY", "key-1");
    await submitAction(INPUT);
    vi.stubEnv("FARAMESH_API_KEY", "key-2");
    await getAction("id");
    expect(authorizations()).toEqual(["Bearer key-1", "Bearer key-2"]);
  });

  it("know the older names of the variables, and prefer the newer ones", async () => {
    vi.stubEnv("FARAMESH_BASE_URL", gate.url);
    vi.stubEnv("FARAMESH_TOKEN", "old");
    await submitAction(INPUT);
    vi.stubEnv("FARAMESH_API_KEY", "new");
    await submitAction(INPUT);
    expect(authorizations()).toEqual(["Bearer old", "Bearer new"]);
  });

  it("without any variable go to the gate on this machine", async () => {
    const urls: string[] = [];
    configure({
      fetch: (url) => {
        urls.push(url);
        return Promise.resolve(Response.json(actionOf()));
      },
    });
    await getAction("id");
    expect(urls).toEqual(["http://127.0.0.1:8000/v1/actions/id"]);
  });

  it("follow `configure`, until it is called with nothing", async () => {
    vi.stubEnv("FARAMESH_URL", gate.url);
    configure({ apiKey: "configured" });
    await submitAction(INPUT);
    configure();
    await submitAction(INPUT);
    expect(authorizations()).toEqual(["Bearer configured", undefined]);
  });

  it("`configure` with what cannot be used changes nothing", async () => {
    configure({ url: gate.url, apiKey: "good" });
    expect(() => configure({ url: "nonsense" })).toThrowError(/must look like/);
    await submitAction(INPUT);
    expect(authorizations()).toEqual(["Bearer good"]);
  });

  it("settings that cannot be used reject the promise, so that one catch is enough", async () => {
    vi.stubEnv("FARAMESH_URL", "http://gate.example.com");
    expect(await rejection(submitAction(INPUT))).toMatchObject({ code: "not_configured" });
    expect(await rejection(streamEvents().next())).toMatchObject({ code: "not_configured" });
    vi.stubEnv("FARAMESH_ALLOW_INSECURE_HTTP", "1");
    expect(() => createClient()).not.toThrow();
  });

  it("guard too: executeIfAllowed and govern reach the gate of the moment of the call", async () => {
    const list = govern((params: { cmd: string }) => params.cmd, {
      agentId: "agent-1",
      tool: "shell",
      operation: "exec",
    });
    vi.stubEnv("FARAMESH_URL", gate.url);
    expect(await list(INPUT.params)).toBe("ls -la");
    const { result } = await executeIfAllowed({ ...INPUT, executor: ({ cmd }) => cmd.length });
    expect(result).toBe(6);
  });

  it("work where there is no process and no environment", async () => {
    vi.stubGlobal("process", undefined);
    try {
      const client = createClient({ url: gate.url });
      await client.getAction("id");
    } finally {
      vi.unstubAllGlobals();
    }
    expect(gate.seen).toHaveLength(1);
  });
});
