import * as core from "@faramesh/core";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Authenticator } from "../../src/gate/authenticate.js";
import type { ApiKeyRow } from "../../src/store/store.js";

vi.mock(import("@faramesh/core"), async (original) => {
  const { sha256Hex, ...rest } = await original();
  return { ...rest, sha256Hex: vi.fn(sha256Hex) };
});

const ID = "0123456789abcdef";
const KEY = `fm_${ID}_${"k".repeat(43)}`;

const ROW: ApiKeyRow = {
  id: ID,
  name: "agent",
  role: "agent",
  agents: "[]",
  key_hash: core.sha256Hex(KEY),
  created_at_ms: 0,
  created_by: "bootstrap",
  last_used_at_ms: null,
  revoked_at_ms: null,
};

const STANDING_STILL = (): number => 1_000;

afterEach(() => {
  vi.useRealTimers();
});

describe("a key", () => {
  it("trap: revoked while it was being looked up is not remembered from that look", async () => {
    let answer = (_row: ApiKeyRow): void => {};
    const slow = { apiKey: () => new Promise<ApiKeyRow>((resolve) => (answer = resolve)) };
    const authenticator = new Authenticator(slow, null, STANDING_STILL);
    const looked = authenticator.principalOf(KEY);
    authenticator.forget();
    answer(ROW);
    expect((await looked).id).toBe(ID);
    expect(authenticator.known(KEY)).toBeNull();
    const again = authenticator.principalOf(KEY);
    answer({ ...ROW, revoked_at_ms: 1 });
    await expect(again).rejects.toThrow("not known");
  });

  it("that was looked up while nothing changed is known without asking the store", async () => {
    const store = { apiKey: vi.fn(async () => ROW) };
    const authenticator = new Authenticator(store, null, STANDING_STILL);
    await authenticator.principalOf(KEY);
    expect([authenticator.known(KEY)?.id, (await authenticator.principalOf(KEY)).id]).toEqual([ID, ID]);
    expect(store.apiKey).toHaveBeenCalledOnce();
  });

  it("is kept as it is for a second only, though no other key comes", async () => {
    vi.useFakeTimers();
    const authenticator = new Authenticator({ apiKey: async () => ROW }, null, STANDING_STILL);
    await authenticator.principalOf(KEY);
    /** Where a key is not kept as it is, it is known by its hash alone. */
    const isHashed = (): boolean => {
      vi.mocked(core.sha256Hex).mockClear();
      expect(authenticator.known(KEY)?.id).toBe(ID);
      return vi.mocked(core.sha256Hex).mock.calls.length > 0;
    };
    expect([isHashed(), isHashed()]).toEqual([true, false]);
    vi.advanceTimersByTime(999);
    expect(isHashed()).toBe(false);
    vi.advanceTimersByTime(1);
    expect([isHashed(), isHashed()]).toEqual([true, false]);
    expect(vi.getTimerCount()).toBe(1);
  });
});
