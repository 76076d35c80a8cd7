import { describe, expect, it } from "vitest";
import { ConfigError, readServerEnvironment, storeUrl } from "../src/config.js";
import { startServer } from "../src/main.js";

/** What went wrong, which is to be a setting that cannot be used. */
function refusal(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message;
  }
  throw new Error("it was taken");
}

describe("FARAMESH_SECRET", () => {
  it("has 32 characters or more, or the gate does not start; what was given is not repeated", () => {
    for (const short of ["x", "hunter2-hunter2", "q".repeat(31)]) {
      const message = refusal(() => readServerEnvironment({ FARAMESH_SECRET: short }));
      expect(message).toMatch(/^FARAMESH_SECRET .*32/);
      expect(message).not.toContain(short);
    }
    const secret = "q".repeat(32);
    expect(readServerEnvironment({ FARAMESH_SECRET: secret })).toEqual({ secret });
  });

  it("is needed with a shared store, and says so before the store is looked for", async () => {
    const start = startServer({
      dataDir: "/dev/null/x",
      store: "postgres://127.0.0.1:1/x",
      host: "127.0.0.1",
      port: 0,
    });
    await expect(start).rejects.toThrow(ConfigError);
    await expect(start).rejects.toThrow(/FARAMESH_SECRET is needed with a shared store: 32 /);
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

  it.each(NONE)("is none: %s, and is not repeated, because there may be a password in it", (text) => {
    for (const read of [() => storeUrl(text), () => readServerEnvironment({ FARAMESH_STORE: text })]) {
      const message = refusal(read);
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
