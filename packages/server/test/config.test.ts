import { describe, expect, it } from "vitest";
import { ConfigError, readServerEnvironment, type ServerConfig, storeUrl } from "../src/config.js";
import { startServer } from "../src/main.js";
import { StoreUnavailableError } from "../src/store/store.js";

/** What went wrong, which is to be a setting that cannot be used. */
async function refusal(attempt: () => unknown): Promise<string> {
  try {
    await attempt();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message;
  }
  throw new Error("it was taken");
}

describe("FARAMESH_SECRET", () => {
  /** No store is there: whoever looks for it does not start, either, but for another reason. */
  const NOWHERE = { dataDir: "/dev/null/x", store: "postgres://127.0.0.1:1/x", host: "127.0.0.1", port: 0 };

  const GIVEN: [string, (secret: string) => Partial<ServerConfig>][] = [
    ["in the environment", (secret) => readServerEnvironment({ FARAMESH_SECRET: secret })],
    ["to startServer by code", (secret) => ({ secret })],
  ];

  it.each(GIVEN)(
    "given %s has 32 characters or more, or the gate does not start, and does not repeat it",
    async (_, read) => {
      for (const short of ["x", "hunter2-hunter2", "q".repeat(31)]) {
        const message = await refusal(() => startServer({ ...NOWHERE, ...read(short) }));
        expect(message).toBe("FARAMESH_SECRET has 32 random characters or more");
        expect(message).not.toContain(short);
      }
      await expect(startServer({ ...NOWHERE, ...read("q".repeat(32)) })).rejects.toThrow(StoreUnavailableError);
    },
  );

  it("is needed with a shared store, and says so before the store is looked for", async () => {
    expect(await refusal(() => startServer(NOWHERE))).toMatch(/^FARAMESH_SECRET is needed with a shared store: 32 /);
  });
});

describe("the URL of a shared store", () => {
  const NONE = [
    "host=db password=hunter2",
    "mysql://gate:hunter2@db/faramesh",
    "postgres:gate:hunter2@db",
    "postgres://gate:hunter2@db:port/faramesh",
    "postgres://gate:hunter2/2@db/faramesh",
    " postgres://gate:hunter2@db/faramesh",
    "POSTGRES://gate:hunter2@db/faramesh",
    "/var/lib/hunter2",
  ];

  it.each(NONE)("is none: %s, and is not repeated, because there may be a password in it", async (text) => {
    for (const read of [() => storeUrl(text), () => readServerEnvironment({ FARAMESH_STORE: text })]) {
      const message = await refusal(read);
      expect(message).toContain("postgres://user:password@host:port/database");
      expect(message).not.toContain("hunter2");
    }
  });

  it.each(["postgres://gate:hunter2@db:5432/faramesh", "postgresql://db/faramesh", "postgres://[::1]/faramesh"])(
    "may be %s",
    (text) => {
      expect(storeUrl(text)).toBe(text);
      expect(readServerEnvironment({ FARAMESH_STORE: text })).toEqual({ store: text });
    },
  );
});
