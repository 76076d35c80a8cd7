import { describe, expect, it } from "vitest";
import { seal, unseal } from "../../src/keyring/seal.js";

const SECRET = "a-secret-of-the-tests-0123456789abcdef";
const TEXT = '{"signs":"permits", "ü":"🗝"}';

describe("a sealed text", () => {
  it("opens with its secret, and with no other", async () => {
    const sealed = await seal(TEXT, SECRET);
    expect(await unseal(sealed, SECRET)).toBe(TEXT);
    for (const other of [`${SECRET}x`, SECRET.slice(1), SECRET.toUpperCase(), ""]) {
      await expect(unseal(sealed, other), other).rejects.toThrow();
    }
  });

  it("shows neither the text nor the secret, and is another each time", async () => {
    const [one, two] = await Promise.all([seal(TEXT, SECRET), seal(TEXT, SECRET)]);
    expect(one).not.toBe(two);
    for (const shown of [one, Buffer.from(one.slice(3), "base64url").toString("latin1")]) {
      for (const word of ["signs", "permits", SECRET]) expect(shown).not.toContain(word);
    }
  });

  it.each([
    ["the form", 0],
    ["the salt", 5],
    ["the nonce", 30],
    ["the tag", 50],
    ["the text", 70],
    ["the end", -1],
  ])("is refused when a character of %s was changed, left out or put in", async (_part, at) => {
    const sealed = await seal(TEXT, SECRET);
    const [before, was, after] = [sealed.slice(0, at), sealed.at(at), sealed.slice(at).slice(1)];
    for (const now of [was === "A" ? "B" : "A", "", `${was}A`, `${was}.`]) {
      await expect(unseal(before + now + after, SECRET), now).rejects.toThrow();
    }
  });

  it("is refused when anything was put behind it, were it nothing to a decoder", async () => {
    const sealed = await seal(TEXT, SECRET);
    for (const behind of ["=", ".", "\n", " "]) await expect(unseal(sealed + behind, SECRET)).rejects.toThrow();
  });

  it("of another form is refused without a guess at it", async () => {
    for (const text of ["", "v1", "v2.AAAA", "v1.", "{}"]) await expect(unseal(text, SECRET), text).rejects.toThrow();
  });
});
