import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from "node:crypto";

/** scrypt (RFC 7914): a secret that somebody thought up costs an attacker this at each guess. */
const SCRYPT = { N: 32_768, r: 8, p: 1, maxmem: 67_108_864 };

const FORM = "v1";
const SALT_BYTES = 16;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Seals a text with a secret: AES-256-GCM (NIST SP 800-38D) under a key that scrypt derives from it. */
export function seal(text: string, secret: string): string {
  const salt = randomBytes(SALT_BYTES);
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv("aes-256-gcm", keyOf(secret, salt), iv);
  const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return `${FORM}.${Buffer.concat([salt, iv, cipher.getAuthTag(), sealed]).toString("base64url")}`;
}

/**
 * Opens what {@link seal} sealed.
 *
 * @throws Error when the secret is another, or the text was changed.
 */
export function unseal(sealed: string, secret: string): string {
  const [form, content = ""] = sealed.split(".");
  if (form !== FORM) throw new Error("it is sealed in a way that this release does not know");
  const bytes = Buffer.from(content, "base64url");
  const salt = bytes.subarray(0, SALT_BYTES);
  const iv = bytes.subarray(SALT_BYTES, SALT_BYTES + IV_BYTES);
  const tagEnd = SALT_BYTES + IV_BYTES + TAG_BYTES;
  const decipher = createDecipheriv("aes-256-gcm", keyOf(secret, salt), iv, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(bytes.subarray(SALT_BYTES + IV_BYTES, tagEnd));
  return Buffer.concat([decipher.update(bytes.subarray(tagEnd)), decipher.final()]).toString("utf8");
}

function keyOf(secret: string, salt: Buffer): Buffer {
  return scryptSync(secret, salt, 32, SCRYPT);
}
