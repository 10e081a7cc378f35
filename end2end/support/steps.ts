// What people do on Convene's pages, found as they find it: by role and label.
import { expect, type Locator, type Page } from "@playwright/test";
import { ANA, BEN, TOM, convene, type Coordinator } from "./world";

/** From the sign-in page to the provider, as one of its accounts. */
export async function chooseAccount(page: Page, provider: string, email: string): Promise<void> {
  await page.getByRole("button", { name: `Continue with ${provider}` }).click();
  await page.getByRole("button", { name: email, exact: true }).click();
}

/** From the sign-in page through the provider's consent, to wherever the person wanted to go. */
export async function consent(page: Page, who: Coordinator): Promise<void> {
  await chooseAccount(page, who.provider, who.email);
  await allow(page);
}

/** Past the provider's consent page, if it shows one, and back. */
export async function allow(page: Page): Promise<void> {
  // Who allowed everything before is not asked again.
  const button = page.getByRole("button", { name: "Allow" });
  const asked = button.waitFor().then(() => true, () => false);
  const back = page.waitForURL(`${convene}/**`).then(() => false, () => false);
  if (await Promise.race([asked, back])) await button.click();
  await page.waitForURL(`${convene}/**`);
}

export async function signIn(page: Page, who: Coordinator = ANA, to = "/dashboard"): Promise<void> {
  await page.goto(`/signin?return_to=${encodeURIComponent(to)}`);
  await consent(page, who);
  await expect(page).toHaveURL(new RegExp(`${to.replaceAll("/", "\\/")}$`));
}

export interface Wanted {
  candidate?: string;
  email?: string;
  interviewers?: string[];
  from?: string;
  to?: string;
  zone?: string;
  type?: string;
}

let people = 0;

/** An address nobody was written to before. */
export function newAddress(): string {
  people += 1;
  return `priya.${Date.now().toString(36)}.${people}@example.net`;
}

export interface Made {
  /** The request page. */
  url: string;
  link: string;
  email: string;
}

export function inDays(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
}

/** Fills in and sends the form on `/requests/new`. The person is signed in. */
export async function createRequest(page: Page, wanted: Wanted = {}): Promise<Made> {
  const email = wanted.email ?? newAddress();
  await page.goto("/requests/new");
  await expect(page.getByRole("heading", { name: "New request", level: 1 })).toBeVisible();
  await page.getByLabel("Candidate name").fill(wanted.candidate ?? "Priya Raman");
  await page.getByLabel("Candidate email").fill(email);
  await page.getByLabel("Interview type").fill(wanted.type ?? "Systems design");
  await page.getByLabel("Duration").fill("45 min");
  if (wanted.zone) await page.getByLabel("Time zone").selectOption(wanted.zone);
  if (wanted.from) await page.getByLabel("From", { exact: true }).fill(wanted.from);
  // Long enough that there is more than one day to choose from, whatever day it is.
  await page.getByLabel("To", { exact: true }).fill(wanted.to ?? inDays(28));
  await page.getByRole("combobox", { name: "Interviewers" }).or(page.getByRole("textbox", { name: "Interviewers" }))
    .fill((wanted.interviewers ?? [BEN, TOM]).join(", "));
  await page.getByRole("button", { name: "Create request" }).click();
  await expect(page).toHaveURL(/\/requests\/req_[^/?]+/);
  const link = await page.getByRole("textbox", { name: "Booking link" }).inputValue();
  return { url: page.url().split("?")[0]!, link, email };
}

/** The path of the latest invitation that was mailed to this address. */
export async function invitationOf(page: Page, email: string): Promise<string> {
  const subject = page.getByRole("link", { name: /Connect your calendar for scheduling/ }).first();
  await expect(async () => {
    await page.goto("/mailbox?to=" + encodeURIComponent(email));
    await expect(subject).toBeVisible({ timeout: 500 });
  }).toPass();
  await subject.click();
  await page.waitForURL(/\/mailbox\/msg_/);
  return /\/invite\/[\w-]{43}/.exec(await page.content())![0];
}

/** Invites people from the page that is for it. */
export async function invite(page: Page, emails: string[]): Promise<void> {
  await page.goto("/people/invite");
  await page.getByLabel("Addresses").fill(emails.join("\n"));
  await page.getByRole("button", { name: "Send invitations" }).click();
  await page.waitForURL(/news=asked/);
}

/** Follows an invitation to its provider and allows what is asked. */
export async function accept(page: Page, link: string, who: { email: string; provider: string }): Promise<void> {
  await page.goto(link);
  await chooseAccount(page, who.provider, who.email);
  await page.getByRole("button", { name: "Allow" }).click();
  await page.waitForURL(/\/settings\?news=connected/);
}

/** The times of the day that is shown. */
export function times(page: Page): Locator {
  return page.getByRole("radio", { name: /^\d\d:\d\d/ });
}

/** Chooses a time by clicking its words, as people do: the radio itself is drawn by them. */
export async function pick(radio: Locator): Promise<void> {
  const id = await radio.getAttribute("id");
  await radio.page().locator(`label[for="${id}"]`).click();
  await expect(radio).toBeChecked();
}

/** Chooses one of the times that are shown, counted from the first or, below nought, from the last; says which instant it is, and what it is called. */
export async function choose(page: Page, index: number): Promise<{ start: string; time: string }> {
  const radio = times(page).nth(index);
  const start = await radio.inputValue();
  await pick(radio);
  const name = await radio.getAttribute("aria-labelledby");
  const time = await page.locator(`[id="${name}"]`).innerText();
  return { start, time };
}

/** The days that have times and are not the one shown. */
export function otherDays(page: Page): Locator {
  return page.getByRole("region", { name: "Choose a day" }).locator("a:not([aria-current])[href*='day=']")
    .filter({ hasText: /^\d+$/ });
}

/** Another day than the one shown. */
export async function anotherDay(page: Page): Promise<Locator> {
  const day = otherDays(page).first();
  await expect(day).toBeVisible();
  return day;
}

export async function chooseZone(page: Page, zone: string, scripts: boolean): Promise<void> {
  await page.getByLabel("Time zone").selectOption(zone);
  if (!scripts) await page.getByRole("button", { name: "Show times in this zone" }).click();
  await page.waitForURL((url) => url.searchParams.get("tz") === zone);
}

/** Opens a link and books the first time. */
export async function bookFirst(page: Page, link: string): Promise<string> {
  await page.goto(link);
  const { start } = await choose(page, 0);
  await page.getByRole("button", { name: "Confirm booking" }).click();
  await expect(page.getByRole("heading", { name: "You're booked" })).toBeVisible();
  return start;
}

/** A wall clock time in a zone, as pages write it. */
export function clock(instant: string, zone: string): string {
  return new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit" }).format(new Date(instant));
}
