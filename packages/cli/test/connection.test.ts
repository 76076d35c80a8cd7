import { writeFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { findConnection } from "../src/connection.js";
import { type Scratch, scratch } from "./running.js";

let folder: Scratch;

beforeEach(async () => {
  for (const name of ["FARAMESH_URL", "FARAMESH_BASE_URL", "FARAMESH_API_KEY", "FARAMESH_TOKEN"]) vi.stubEnv(name, "");
  folder = await scratch();
  await writeFile(folder.path("admin.key"), "fm_local_key\n", { mode: 0o600 });
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await folder.remove();
});

describe("the key of a data directory", () => {
  it.each(["http://127.0.0.1:8000", "http://localhost:9", "http://[::1]:8000", "http://127.9.9.9"])(
    "is used for %s",
    (url) => {
      expect(findConnection({ url, data: folder.dir }).apiKey).toBe("fm_local_key");
    },
  );

  it.each(["https://example.com", "http://127.0.0.1.example.com", "http://localhost.example.com", "http://10.0.0.1"])(
    "is never sent to %s",
    (url) => {
      expect(findConnection({ url, data: folder.dir }).apiKey).toBeUndefined();
    },
  );

  it("stands behind the environment", () => {
    vi.stubEnv("FARAMESH_TOKEN", "fm_from_token");
    expect(findConnection({ data: folder.dir }).apiKey).toBe("fm_from_token");
    vi.stubEnv("FARAMESH_API_KEY", "fm_from_key");
    expect(findConnection({ data: folder.dir }).apiKey).toBe("fm_from_key");
  });
});

describe("the address", () => {
  it("is --url, else FARAMESH_URL, else port 8000 of this machine", () => {
    expect(findConnection({ data: folder.dir }).url).toBe("http://127.0.0.1:8000");
    vi.stubEnv("FARAMESH_URL", "https://gate.example/");
    expect(findConnection({ data: folder.dir }).url).toBe("https://gate.example");
    expect(findConnection({ url: "http://localhost:1", data: folder.dir }).url).toBe("http://localhost:1");
  });
});
