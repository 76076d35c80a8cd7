import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** Where a backend listens on this machine. */
export type Port = number;

/**
 * A TCP balancer on a free loopback port: each connection goes to the next backend, one that refuses is passed over,
 * and with a backend its connections end. It looks at no byte and checks no health: a backend that is stopped still
 * takes connections, and it is for clients to give up waiting and to ask again.
 */
export class Balancer {
  readonly #server: Server;
  readonly #backends: () => readonly Port[];
  readonly #clients = new Set<Socket>();
  #turn = 0;

  private constructor(backends: () => readonly Port[]) {
    this.#backends = backends;
    this.#server = createServer((client) => this.#serve(client));
  }

  /** @param backends - Asked at each connection. */
  static async open(backends: () => readonly Port[]): Promise<Balancer> {
    const balancer = new Balancer(backends);
    balancer.#server.listen(0, "127.0.0.1");
    await once(balancer.#server, "listening");
    return balancer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Cuts every connection: what was asked may have been heard, and its answer is lost. */
  cutAll(): void {
    for (const client of this.#clients) client.destroy();
  }

  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.cutAll();
    await closed;
  }

  #serve(client: Socket): void {
    this.#clients.add(client);
    client.on("error", () => client.destroy());
    client.on("close", () => this.#clients.delete(client));
    const ports = this.#backends();
    const first = this.#turn++;
    this.#join(
      client,
      ports.map((_, place) => ports[(first + place) % ports.length] ?? 0),
    );
  }

  /** Joins a client with the first of these backends that takes the connection. */
  #join(client: Socket, [port, ...others]: readonly Port[]): void {
    if (port === undefined || client.destroyed) {
      client.destroy();
      return;
    }
    const backend = connect(port, "127.0.0.1");
    const passOver = (): void => this.#join(client, others);
    backend.once("error", passOver);
    backend.once("connect", () => {
      backend.off("error", passOver);
      joinSockets(client, backend);
    });
  }
}

function joinSockets(client: Socket, backend: Socket): void {
  backend.on("error", () => backend.destroy());
  client.on("close", () => backend.destroy());
  backend.on("close", () => client.destroy());
  if (client.destroyed) backend.destroy();
  client.pipe(backend);
  backend.pipe(client);
}
