import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";

/** The part of an authorization server that a resource server sees: its keys, and the tokens it signs. */
export class AuthorizationServer {
  readonly issuer: string;
  readonly #server: Server;
  readonly #sign: (claims: JWTPayload) => Promise<string>;

  private constructor(server: Server, sign: (issuer: string, claims: JWTPayload) => Promise<string>) {
    this.issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.#server = server;
    this.#sign = (claims) => sign(this.issuer, claims);
  }

  static async start(): Promise<AuthorizationServer> {
    const { publicKey, privateKey } = await generateKeyPair("ES256");
    const keys = [{ ...(await exportJWK(publicKey)), kid: "1", alg: "ES256" }];
    const server = createServer((request, response) => {
      response.writeHead(request.url === "/.well-known/jwks.json" ? 200 : 404, { "content-type": "application/json" });
      response.end(JSON.stringify({ keys }));
    });
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    return new AuthorizationServer(server, (issuer, claims) =>
      new SignJWT({ iss: issuer, exp: Math.floor(Date.now() / 1000) + 60, ...claims })
        .setProtectedHeader({ alg: "ES256", kid: "1" })
        .sign(privateKey),
    );
  }

  /** A token with these claims; it is valid for a minute where they do not say otherwise. */
  token(claims: JWTPayload): Promise<string> {
    return this.#sign(claims);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => void this.#server.close(resolve));
  }
}
