import { hash } from "node:crypto";

/** The SHA-256 of a text's UTF-8 bytes (FIPS 180-4), as lower-case hex. */
export function sha256Hex(text: string): string {
  return hash("sha256", text, "hex");
}

/** The SHA-256 of bytes (FIPS 180-4). */
export function sha256(bytes: Uint8Array): Buffer {
  return hash("sha256", bytes, "buffer");
}
