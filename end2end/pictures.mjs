// Takes the pictures of the README: `node end2end/pictures.mjs [address] [folder]`, against a fresh `convene demo`.
// No test. Light, with the dark twin beside it.
import { mkdir } from "node:fs/promises";
import { chromium } from "@playwright/test";

const convene = process.argv[2] ?? "http://127.0.0.1:3000";
const folder = process.argv[3] ?? "docs/pictures";
const args = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args });
await mkdir(folder, { recursive: true });

/** A browser of somebody in a zone. */
async function person(timezoneId) {
  const context = await browser.newContext({
    baseURL: convene, timezoneId, viewport: { width: 1280, height: 860 }, deviceScaleFactor: 2, reducedMotion: "reduce",
  });
  return context.newPage();
}

async function picture(page, name) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: `${folder}/${name}${colorScheme === "dark" ? "-dark" : ""}.png` });
  }
  await page.emulateMedia({ colorScheme: "light" });
}

async function ask(page, candidate, email, type, interviewers) {
  await page.goto("/requests/new");
  await page.getByLabel("Candidate name").fill(candidate);
  await page.getByLabel("Candidate email").fill(email);
  await page.getByLabel("Interview type").fill(type);
  await page.getByRole("textbox", { name: "Interviewers" }).or(page.getByRole("combobox", { name: "Interviewers" })).fill(interviewers);
  await page.getByLabel("Candidate name").focus();
  await page.waitForTimeout(1500);
}

async function create(page) {
  await page.getByRole("button", { name: "Create request" }).click();
  await page.waitForURL(/\/requests\/req_/);
  const link = await page.getByRole("textbox", { name: "Booking link" }).inputValue();
  return { url: page.url().split("?")[0], link };
}

const ana = await person("America/New_York");
await ana.goto("/signin?return_to=/requests/new");
await ana.getByRole("button", { name: "Continue with Google" }).click();
await ana.getByRole("button", { name: "ana.alvarez@example.com", exact: true }).click();
await ana.getByRole("button", { name: "Allow" }).click();
await ana.waitForURL(/\/requests\/new/);

const candidate = await person("Europe/Berlin");
const others = [
  ["Noor Haddad", "noor@example.net", "Coding", "ben.okafor@example.com", true],
  ["Jonas Weber", "jonas@example.net", "Hiring manager", "raj.patel@example.org", false],
  ["Mei Tanaka", "mei@example.net", "Systems design", "ben.okafor@example.com, raj.patel@example.org", true],
];
for (const [name, email, type, panel, books] of others) {
  await ask(ana, name, email, type, panel);
  const { link } = await create(ana);
  await ana.getByRole("button", { name: "Send to candidate" }).click();
  if (books) await book(link);
}

await ask(ana, "Priya Raman", "priya@example.net", "Systems design", "ben.okafor@example.com, tom.baker@example.com");
await picture(ana, "new-request");
const { url, link } = await create(ana);
await ana.getByRole("button", { name: "Send to candidate" }).click();
await candidate.goto(link);
await candidate.waitForURL(/tz=/);
await candidate.locator("label.slot").nth(1).click();
await picture(candidate, "booking");
await candidate.getByRole("button", { name: "Confirm booking" }).click();
await candidate.getByRole("heading", { name: "You're booked" }).waitFor();
for (let tries = 0; tries < 40; tries += 1) {
  await ana.goto(url);
  if (await ana.getByText("In calendar").count()) break;
  await ana.waitForTimeout(500);
}
await picture(ana, "request");
await ana.goto("/dashboard");
await picture(ana, "dashboard");
await browser.close();

async function book(link) {
  await candidate.goto(link);
  await candidate.waitForURL(/tz=/);
  await candidate.locator("label.slot").first().click();
  await candidate.getByRole("button", { name: "Confirm booking" }).click();
  await candidate.getByRole("heading", { name: "You're booked" }).waitFor();
}
