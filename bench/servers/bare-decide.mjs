import { serveBare } from "./bare-http.mjs";

/** What a gate's decision costs at the least: read a request, parse it, answer as many bytes. */
const [answer] = process.argv.slice(2);

serveBare(
  200,
  Buffer.from(answer, "utf8"),
  (body, done) => {
    if (typeof body.tool !== "string") throw new Error("not an action");
    done();
  },
  () => {},
);
