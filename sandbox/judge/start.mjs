// Starts the sandbox for one judge and offers the control API as functions. Shared by all judges.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The binary named by CONVENE_SANDBOX_BIN, or the one `cargo build -p convene-sandbox` makes. */
function binary() {
  if (process.env.CONVENE_SANDBOX_BIN) return process.env.CONVENE_SANDBOX_BIN;
  const build = spawnSync("cargo", ["build", "-q", "-p", "convene-sandbox", "--message-format=json-render-diagnostics"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 1 << 28,
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (build.status !== 0) throw new Error("cargo build -p convene-sandbox failed");
  const made = build.stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line))
    .findLast((message) => message.executable && message.target?.name === "convene-sandbox");
  if (!made) throw new Error("cargo build -p convene-sandbox made no binary");
  return made.executable;
}

/** How many ports in a row a sandbox takes. */
const PORTS = 7;

/** Whether all of them from this one on can be bound. */
async function free(base) {
  for (let port = base; port < base + PORTS; port++) {
    const server = createServer();
    const bound = await new Promise((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!bound) return false;
    await new Promise((resolve) => server.close(resolve));
  }
  return true;
}

async function freeBase() {
  for (let attempt = 0; attempt < 100; attempt++) {
    const base = 20_000 + PORTS * Math.floor(Math.random() * 5_000);
    if (await free(base)) return base;
  }
  throw new Error(`no ${PORTS} free ports in a row`);
}

/** Starts a sandbox on free ports. `stop()` ends it. */
export async function startSandbox() {
  const program = binary();
  for (let attempt = 0; ; attempt++) {
    const base = await freeBase();
    const child = spawn(program, ["--base-port", String(base)], { stdio: ["ignore", "pipe", "inherit"] });
    const exited = once(child, "exit");
    const firstLine = once(createInterface({ input: child.stdout }), "line");
    const line = await Promise.race([firstLine.then(([text]) => text), exited.then(() => null)]);
    if (line?.startsWith("convene-sandbox ready")) return sandbox(base, child, exited);
    // Somebody else took a port between the look and the start: look again.
    if (attempt === 4) throw new Error(`the sandbox did not start: ${line}`);
  }
}

/** The handle on a sandbox whose ports start at `base`, started here or elsewhere. */
export function sandbox(base, child, exited) {
  const front = `http://127.0.0.1:${base}`;

  /** Calls the control API and returns its JSON; throws its sentence on an error. */
  async function control(method, path, body) {
    const response = await fetch(`${front}/control/${path}`, {
      method,
      headers: body === undefined ? {} : { "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(`${method} /control/${path}: ${response.status} ${answer.error}`);
    return answer;
  }

  return {
    base,
    front,
    google: `http://127.0.0.1:${base + 1}`,
    microsoft: `http://127.0.0.1:${base + 2}`,
    microsoftHttps: `https://127.0.0.1:${base + 3}`,
    apple: `http://127.0.0.1:${base + 4}`,
    applePartition: `http://127.0.0.1:${base + 5}`,
    icims: `http://127.0.0.1:${base + 6}`,
    client: { id: "convene-demo", secret: "convene-demo-secret" },
    control,
    reset: () => control("POST", "reset"),
    fault: (fault) => control("POST", "faults", fault),
    token: (provider, account, scopes) => control("POST", "token", { provider, account, scopes }),
    events: async (account) => (await control("GET", `events?account=${encodeURIComponent(account)}`)).events,
    mails: async () => (await control("GET", "mail")).mails,
    requests: async (query = "") => (await control("GET", `requests${query}`)).requests,
    advance: (seconds) => control("POST", "clock", { advance_seconds: seconds }),
    certificate: async () => (await fetch(`${front}/control/certificate`)).text(),
    stop: async () => {
      child.kill();
      await exited;
    },
  };
}

/** The form fields of an HTML page: hidden inputs, ticked boxes, and buttons by name. */
export function readForm(html) {
  const attributes = (tag) =>
    Object.fromEntries([...tag.matchAll(/([\w-]+)(?:="([^"]*)")?/g)].map(([, name, value]) => [name, unescape(value ?? "")]));
  const unescape = (text) =>
    text.replaceAll("&quot;", '"').replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
  const inputs = [...html.matchAll(/<input ([^>]*)>/g)].map(([, tag]) => attributes(tag));
  const buttons = [...html.matchAll(/<button ([^>]*)>/g)].map(([, tag]) => attributes(tag));
  const action = attributes(html.match(/<form ([^>]*)>/)?.[1] ?? "").action;
  return { action, inputs, buttons };
}

/**
 * Walks sign-in as a person would, with plain forms: opens the address, picks the account, leaves or removes the ticks,
 * answers. Returns the callback URL the browser would be sent to. `untick` says which scopes to refuse.
 */
export async function walkSignIn(authorizeUrl, account, { untick = () => false, deny = false } = {}) {
  let response = await fetch(authorizeUrl, { redirect: "manual" });
  for (let step = 0; step < 4 && response.status === 200; step++) {
    const html = await response.text();
    const form = readForm(html);
    if (form.action && /^https?:/.test(form.action)) return formPost(form);
    const fields = new URLSearchParams();
    for (const input of form.inputs) {
      const box = input.type === "checkbox";
      if (!box || ("checked" in input && !untick(input.value))) fields.append(input.name, input.value);
    }
    if (form.buttons.some((button) => button.name === "account")) {
      const button = form.buttons.find((one) => one.value === account);
      if (!button) throw new Error(`the page offers no button for ${account}`);
      fields.append("account", button.value);
    } else {
      fields.append("decision", deny ? "deny" : "allow");
    }
    response = await fetch(new URL(form.action, authorizeUrl), { method: "POST", body: fields, redirect: "manual" });
  }
  const location = response.headers.get("location");
  if (!location) throw new Error(`sign-in ended with ${response.status}: ${await response.text()}`);
  return new URL(location);
}

/** A form_post answer as if it had come by query. */
function formPost(form) {
  const url = new URL(form.action);
  for (const input of form.inputs) url.searchParams.append(input.name, input.value);
  return url;
}
