import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { expect } from "vitest";
import type { RunningGate } from "../running-gate.js";

/** What the express lane takes, and what is as good as it but left to the framework. */
export const CONTENT_TYPES = { lane: "application/json", framework: "application/json; charset=utf-8" } as const;

/** A connection that sends bytes as they are, in the pieces and at the times that a test wants. */
export class RawConnection {
  readonly socket: Socket;
  /** What came back so far. */
  text = "";

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      this.text += chunk.toString();
    });
  }

  static async open(gate: RunningGate): Promise<RawConnection> {
    const { port, hostname } = new URL(gate.server.url);
    const connection = new RawConnection(connect(Number(port), hostname));
    await once(connection.socket, "connect");
    return connection;
  }

  /** Sends bytes; resolves when the operating system has them. */
  send(bytes: string): Promise<void> {
    return new Promise((resolve) => this.socket.write(bytes, () => resolve()));
  }

  /** The status of the answer, once it is there; null where the other side hung up without one. */
  async status(): Promise<number | null> {
    const answered = (): boolean => this.text.includes("\r\n\r\n");
    await expect.poll(() => answered() || this.socket.closed, { timeout: 20_000, interval: 5 }).toBe(true);
    return answered() ? Number(this.text.slice("HTTP/1.1 ".length, "HTTP/1.1 200".length)) : null;
  }
}

/** The head of a `POST` whose body has so many bytes. */
export function head(path: string, length: number, headers: Record<string, string>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${path} HTTP/1.1\r\nhost: gate\r\ncontent-length: ${length}\r\n${lines.join("")}\r\n`;
}
