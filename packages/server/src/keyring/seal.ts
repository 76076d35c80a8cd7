import { createCipheriv, createDecipheriv, randomBytes, scrypt } from "node:crypto";

/** scrypt (RFC 7914): a secret that somebody thought up costs an attacker this at each guess. */
const SCRYPT = { N: 32_768, r: 8, p: 1, maxmem: 67_108_864 };

const FORM = "v1.";
const SALT_BYTES = 16;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;

/** Seals a text with a secret: AES-256-GCM (NIST SP 800-38D) under a key that scrypt derives from it. */
export async function seal(text: string, secret: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv("aes-256-gcm", await keyOf(secret, salt), iv);
  const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return `${FORM}${Buffer.concat([salt, iv, cipher.getAuthTag(), sealed]).toString("base64url")}`;
}

/**
 * Opens what {@link seal} sealed.
 *
 * @throws Error when the secret is another, or the text was changed.
 */
export async function unseal(sealed: string, secret: string): Promise<string> {
  if (!sealed.startsWith(FORM)) throw new Error("it is sealed in a way that this release does not know");
  const bytes = Buffer.from(sealed.slice(FORM.length), "base64url");
  // The decoder passes over what it does not know.
  if (`${FORM}${bytes.toString("base64url")}` !== sealed) throw new Error("it is not what was sealed");
  const salt = bytes.subarray(0, SALT_BYTES);
  const iv = bytes.subarray(SALT_BYTES, SALT_BYTES + IV_BYTES);
  const tagEnd = SALT_BYTES + IV_BYTES + TAG_BYTES;
  const decipher = createDecipheriv("aes-256-gcm", await keyOf(secret, salt), iv, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(bytes.subarray(SALT_BYTES + IV_BYTES, tagEnd));
  return Buffer.concat([decipher.update(bytes.subarray(tagEnd)), decipher.final()]).toString("utf8");
}

/** In a thread beside: a tenth of a second or more in which this one goes on answering. */
function keyOf(secret: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(secret, salt, KEY_BYTES, SCRYPT, (error, key) => (error === null ? resolve(key) : reject(error)));
  });
}
