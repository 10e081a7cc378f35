// Somewhere for the providers to push to: a small http server that keeps what arrives.

import { once } from "node:events";
import { createServer } from "node:http";

/**
 * Starts one. `answer(request)` may return a status, `{status, type, body, after}`, or nothing for 204; a validation is
 * answered as it should be before that. `next(n, fits)` waits for the first n arrivals that fit.
 */
export async function receiver({ answer = () => undefined, validates = true } = {}) {
  const arrived = [];
  const waiting = [];
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const url = new URL(request.url, "http://127.0.0.1");
    const seen = { at: Date.now(), method: request.method, path: url.pathname, query: url.searchParams, headers: request.headers, text, body: text ? JSON.parse(text) : null };
    const token = url.searchParams.get("validationToken");
    let said = token !== null && validates ? { status: 200, type: "text/plain", body: token } : answer(seen, arrived);
    if (typeof said === "number") said = { status: said };
    arrived.push(seen);
    for (const wait of waiting) wait();
    if (said?.after) await new Promise((resolve) => setTimeout(resolve, said.after));
    response.writeHead(said?.status ?? 204, said?.type ? { "content-type": said.type } : {}).end(said?.body ?? "");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    arrived,
    /** The first `count` arrivals that fit; fails after some seconds without them. */
    next(count = 1, fits = () => true, seconds = 10) {
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`${arrived.filter(fits).length} of ${count} arrived`)), seconds * 1000);
        const look = () => {
          const fitting = arrived.filter(fits);
          if (fitting.length >= count) {
            clearTimeout(timer);
            resolve(fitting.slice(0, count));
          }
        };
        waiting.push(look);
        look();
      });
    },
    forget: () => arrived.splice(0),
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
