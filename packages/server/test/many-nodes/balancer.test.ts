import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { attempt } from "./attempt.js";
import { Balancer, type Port } from "./balancer.js";

/** A backend that answers with its name, or never. */
class Backend {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(name: string, isSilent: boolean) {
    const body = JSON.stringify(name);
    const answer = `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`;
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => socket.destroy());
      if (!isSilent) socket.once("data", () => socket.end(answer));
    });
  }

  async listen(): Promise<Port> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return (this.#server.address() as AddressInfo).port;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** As a process ends that is killed: nobody listens, and what was open is cut. */
  async die(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

const backends: Backend[] = [];
let balancer: Balancer;
afterEach(async () => {
  await balancer.close();
  await Promise.all(backends.splice(0).map((backend) => backend.die()));
});

async function backend(name: string, { isSilent = false } = {}): Promise<{ port: Port; backend: Backend }> {
  const made = new Backend(name, isSilent);
  backends.push(made);
  return { port: await made.listen(), backend: made };
}

async function ask(holdMs = 0): Promise<unknown> {
  const answer = await attempt(balancer.url, "key", { method: "GET", path: "/", holdMs });
  return answer.kind === "answered" ? answer.body : answer.kind;
}

describe("the balancer", () => {
  it("gives each connection to the next backend, and takes up a new one at once", async () => {
    const ports = [(await backend("one")).port, (await backend("two")).port];
    balancer = await Balancer.open(() => ports);
    expect([await ask(), await ask(), await ask(), await ask()]).toEqual(["one", "two", "one", "two"]);
    ports.push((await backend("three")).port);
    expect(new Set([await ask(), await ask(), await ask()])).toEqual(new Set(["one", "two", "three"]));
  });

  it("passes over a backend that refuses, and hangs up when all do", async () => {
    const [dead, alive] = [await backend("dead"), await backend("alive")];
    balancer = await Balancer.open(() => [dead.port, alive.port]);
    await dead.backend.die();
    expect([await ask(), await ask(), await ask()]).toEqual(["alive", "alive", "alive"]);
    await alive.backend.die();
    expect(await ask()).toBe("lost");
  });

  it("ends the connections of a backend that dies", async () => {
    const silent = await backend("silent", { isSilent: true });
    balancer = await Balancer.open(() => [silent.port]);
    const asked = ask(20_000);
    await expect.poll(() => silent.backend.connections).toBe(1);
    await silent.backend.die();
    expect(await asked).toBe("lost");
  });

  it("leaves it to the client to give up on a backend that takes connections and never answers", async () => {
    const [silent, alive] = [await backend("silent", { isSilent: true }), await backend("alive")];
    balancer = await Balancer.open(() => [silent.port, alive.port]);
    expect([await ask(), await ask()]).toEqual(["lost", "alive"]);
  });

  it("cuts everything when it is told to", async () => {
    const silent = await backend("silent", { isSilent: true });
    balancer = await Balancer.open(() => [silent.port]);
    const asked = ask(20_000);
    await expect.poll(() => silent.backend.connections).toBe(1);
    balancer.cutAll();
    expect(await asked).toBe("lost");
  });
});
