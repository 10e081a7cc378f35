// What browsers load holds none of the secrets that the server has: every file of the built site, split parts too, and what pages
// fetch. Rows, logs, mails and answers are searched by tests/canary.rs.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "./support/world";
import { signIn } from "./support/steps";

// The demo's own, and what it calls itself at the sandbox.
const SECRETS = ["convene-demo-secret", "sandbox-icims-key"];

function files(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? files(path) : [path];
  });
}

/** As it is, and as it would stand in data: base64 at every alignment, hex, UTF-16. */
function forms(secret: string): Buffer[] {
  const bytes = Buffer.from(secret);
  const inBase64 = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
    return text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
  });
  const texts = [secret, ...inBase64, bytes.toString("hex"), bytes.toString("hex").toUpperCase()];
  return [...texts.map((text) => Buffer.from(text)), Buffer.from(secret, "utf16le")];
}

function found(place: string, bytes: Buffer, secrets: string[]): string[] {
  return secrets.filter((secret) => forms(secret).some((form) => bytes.includes(form))).map((secret) => `${secret} in ${place}`);
}

test("no secret is in what browsers load", async ({ page }) => {
  const loaded: { url: string; bytes: Promise<Buffer> }[] = [];
  page.on("response", (response) => {
    if (response.status() === 200) loaded.push({ url: response.url(), bytes: response.body().catch(() => Buffer.alloc(0)) });
  });
  await signIn(page);
  const cookies = await page.context().cookies();
  const session = cookies.find((cookie) => cookie.name === "__Host-convene")?.value ?? "";
  expect(session.length, "a session to look for").toBeGreaterThan(30);
  const secrets = [...SECRETS, session];
  for (const path of ["/requests/new", "/settings/calendar", "/settings/sessions", "/admin/integrations/calendar", "/admin/audit"]) {
    await page.goto(path);
    await page.waitForLoadState("networkidle");
  }
  const root = join(dirname(fileURLToPath(import.meta.url)), "..", process.env.LEPTOS_SITE_ROOT ?? "target/site");
  const built = files(root).filter((path) => !/\.(br|gz)$/.test(path));
  expect(built.filter((path) => path.endsWith(".wasm")).length, "the site is there").toBeGreaterThan(1);
  expect(loaded.some((one) => one.url.endsWith(".wasm")), "an island was loaded").toBe(true);
  const leaks = built.flatMap((path) => found(path, readFileSync(path), secrets));
  for (const one of loaded) leaks.push(...found(one.url, await one.bytes, secrets));
  expect(leaks).toEqual([]);
  // The search finds.
  expect(found("a text", Buffer.from(`x${Buffer.from(`ab${session}`).toString("base64")}`), secrets)).toHaveLength(1);
});
