// What a browser loads for each page, as it goes over the wire, and whether it painted before it asked for WASM:
// `node end2end/weight.mjs [address]`, against a `convene demo` of the release. Prints rows for docs/benchmarks.md; no test.
import { chromium } from "@playwright/test";

const convene = process.argv[2] ?? "http://127.0.0.1:3000";
const args = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args });
const context = await browser.newContext({ baseURL: convene, timezoneId: "America/New_York" });
const page = await context.newPage();

await page.goto("/signin?return_to=/requests/new");
await page.getByRole("button", { name: "Continue with Google" }).click();
await page.getByRole("button", { name: "ana.alvarez@example.com", exact: true }).click();
const allow = page.getByRole("button", { name: "Allow" });
await allow.or(page.getByRole("heading", { name: "New request" })).first().waitFor();
if (await allow.isVisible()) await allow.click();
await page.waitForURL(/\/requests\/new/);
await page.getByLabel("Candidate name").fill("Priya Raman");
await page.getByLabel("Candidate email").fill("priya@example.net");
await page.getByLabel("Interviewers").first().fill("ben.okafor@example.com");
await page.getByRole("button", { name: "Create request" }).click();
await page.waitForURL(/\/requests\/req_/);
const request = page.url().split("?")[0];
const link = await page.getByRole("textbox", { name: "Booking link" }).inputValue();

const kinds = { Document: "HTML", Script: "JavaScript", Stylesheet: "CSS", Font: "fonts" };
const tell = (bytes) => (bytes / 1000).toFixed(1).padStart(7);
console.log("| page | HTML | CSS | fonts | JavaScript | WASM | JS + WASM | paint | WASM asked for |");
console.log("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
const pages = [
  ["booking", `${link}?tz=America/New_York`], ["sign in", "/signin"], ["dashboard", "/dashboard"], ["request", request],
  ["new request", "/requests/new"],
];
for (const [name, url] of pages) {
  const fresh = await browser.newContext({ storageState: await context.storageState(), baseURL: convene });
  const visit = await fresh.newPage();
  const devtools = await fresh.newCDPSession(visit);
  await devtools.send("Network.enable");
  const requests = new Map();
  const bytes = { HTML: 0, CSS: 0, fonts: 0, JavaScript: 0, WASM: 0 };
  devtools.on("Network.responseReceived", ({ requestId, type, response }) =>
    requests.set(requestId, response.mimeType === "application/wasm" ? "WASM" : kinds[type]));
  devtools.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    const kind = requests.get(requestId);
    if (kind) bytes[kind] += encodedDataLength;
  });
  await visit.goto(url, { waitUntil: "networkidle" });
  const { paint, wasm } = await visit.evaluate(() => ({
    paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime,
    wasm: performance.getEntriesByType("resource").find((entry) => entry.name.endsWith(".wasm"))?.startTime,
  }));
  const row = [name, ...Object.values(bytes).map(tell), tell(bytes.JavaScript + bytes.WASM),
    `${paint?.toFixed(0)} ms`, wasm === undefined ? "never" : `${wasm.toFixed(0)} ms`];
  console.log(`| ${row.join(" | ")} |`);
  await fresh.close();
}
await browser.close();
