// An administrator allows calendars for everybody, at either provider: nobody else connects, and their calendars decide.
// (In the demo of its own, where nobody of these was invited before.)
import type { APIRequestContext, Page } from "@playwright/test";
import { expect, test, withAts, type SandboxEvent } from "./support/world";
import { choose, times } from "./support/steps";

const PAGE = "/admin/integrations/calendar";

interface House {
  provider: "Google" | "Microsoft";
  /** Who founds an organisation of their own. */
  founder: string;
  domain: string;
  panel: string[];
}
const HOUSES: House[] = [
  { provider: "Google", founder: "eva.lindqvist@example.com", domain: "example.com", panel: ["ben.okafor@example.com", "tom.baker@example.com"] },
  { provider: "Microsoft", founder: "nora.weiss@example.org", domain: "example.org", panel: ["chloe.dubois@example.org", "raj.patel@example.org"] },
];

test.use({ baseURL: withAts.convene });

for (const house of HOUSES) {
  test.describe(`for everybody at ${house.provider}`, () => {
    test.afterEach(async ({ request }) => {
      await mend(request);
    });

    test("nobody has to connect, and a refused access makes nobody free", async ({ page, visitor, request }) => {
      await mend(request);
      await enter(page, house);
      // Nobody has connected, and nothing is allowed: unknown, and no time is offered.
      const { url, link } = await ask(page, house);
      const candidate = await visitor();
      await candidate.goto(link);
      await expect(times(candidate)).toHaveCount(0);

      await allowFor(page, house, request);
      await expect(page.getByText("Allowed for the whole organisation. One calendar was read to see that it works.")).toBeVisible();
      await decide(page, "The organisation's only");
      const asked = await request.get(`${withAts.sandbox}/control/requests`);
      const since = (await asked.json()).requests.at(-1).number;
      await candidate.goto(link);
      await expect(times(candidate).first()).toBeVisible();
      // Read as the application, in one question.
      const busy = await questions(request, house, since);
      expect(busy.length, "one question for the panel").toBe(1);
      const offered = await times(candidate).evaluateAll((radios) => radios.map((radio) => (radio as HTMLInputElement).value));
      const taken = await busyOf(request, house.panel);
      expect(taken.length, "the panel is busy at times").toBeGreaterThan(10);
      for (const start of offered) {
        const [from, to] = [Date.parse(start), Date.parse(start) + 45 * 60_000];
        const clash = taken.find((span) => span.from < to && from < span.to);
        expect(clash, `${start} is free`).toBeUndefined();
      }
      await page.goto(url);
      await expect(page.getByText(`${label(house)} of the organisation, read just now`)).toHaveCount(house.panel.length);
      await choose(candidate, 0);
      await candidate.getByRole("button", { name: "Confirm booking" }).click();
      await expect(candidate.getByRole("heading", { name: "You're booked" })).toBeVisible();

      // Their side takes it back: unknown again, said so, and nobody is taken for free.
      await refuse(request, house);
      const second = await ask(page, house);
      await candidate.goto(second.link);
      // What was read a moment ago still stood; the calendars are asked again before anything is booked.
      await choose(candidate, 0);
      await candidate.getByRole("button", { name: "Confirm booking" }).click();
      await expect(candidate.getByRole("alert")).toBeVisible();
      await expect(candidate.getByRole("heading", { name: "You're booked" })).toHaveCount(0);
      await candidate.goto(second.link);
      await expect(times(candidate)).toHaveCount(0);
      await page.goto(PAGE);
      await expect(page.getByText(/Allow it again\.|hand in a new key\./)).toBeVisible();

      await page.getByRole("link", { name: "Withdraw" }).click();
      const dialog = page.getByRole("dialog");
      await expect(dialog).toContainText(`Withdraw the organisation's access to ${label(house)}?`);
      await dialog.getByRole("button", { name: "Withdraw" }).click();
      await expect(page.getByText("Withdrawn. Nothing is read through it any more.")).toBeVisible();
      await decide(page, "Each person's own");
    });
  });
}

async function decide(page: Page, whose: string): Promise<void> {
  const policies = page.locator("form", { hasText: "Whose consent opens calendars" });
  await policies.getByText(whose).click();
  await policies.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Saved. It holds from now on.")).toBeVisible();
}

function label(house: House): string {
  return house.provider === "Google" ? "Google Calendar" : "Outlook";
}

/** Signs up the first time, and in after that. */
async function enter(page: Page, house: House): Promise<void> {
  await page.goto("/signup");
  await page.getByRole("button", { name: `Continue with ${house.provider}` }).click();
  await page.getByRole("button", { name: house.founder, exact: true }).click();
  const allow = page.getByRole("button", { name: "Allow" });
  const inside = page.getByRole("link", { name: "Dashboard" }).first();
  await expect(allow.or(inside).first()).toBeVisible();
  if (await allow.isVisible()) await allow.click();
  await expect(inside).toBeVisible();
}

/** A request for the panel, sent. */
async function ask(page: Page, house: House): Promise<{ url: string; link: string }> {
  // No hours are given for people of whom nobody knows when they are free.
  await page.goto("/requests/new?unknown_start=&unknown_end=");
  await page.getByLabel("Candidate name").fill("Priya Raman");
  await page.getByLabel("Candidate email").fill("priya.raman@example.net");
  await page.getByLabel("Duration").fill("45 min");
  await page.getByLabel("Application ID").fill("20934");
  await page.getByRole("combobox", { name: "Interviewers" }).or(page.getByRole("textbox", { name: "Interviewers" }))
    .fill(house.panel.join(", "));
  await page.getByRole("button", { name: "Create request" }).click();
  await page.waitForURL(/\/requests\/req_/);
  const link = await page.getByRole("textbox", { name: "Booking link" }).inputValue();
  return { url: page.url().split("?")[0]!, link };
}

/** Allows it at the provider and here, as an administrator does. */
async function allowFor(page: Page, house: House, request: APIRequestContext): Promise<void> {
  await page.goto(PAGE);
  const card = page.locator("form", { has: page.getByRole("button", { name: "Allow for the whole organisation" }) })
    .and(page.locator(`[action*="/calendar/${house.provider.toLowerCase()}#"]`));
  await card.getByLabel("Domains").fill(house.domain);
  if (house.provider === "Google") {
    const scopes = ["https://www.googleapis.com/auth/calendar.freebusy"];
    const delegated = await request.post(`${withAts.sandbox}/control/google/delegation`, { data: { domain: house.domain, scopes } });
    expect(delegated.ok(), await delegated.text()).toBe(true);
    const key = await request.get(`${withAts.sandbox}/control/google/service-account`);
    await card.getByLabel("Key file (JSON)").fill(await key.text());
    await card.getByLabel("Acts as").fill(house.founder);
    await card.getByRole("button", { name: "Allow for the whole organisation" }).click();
  } else {
    await card.getByRole("button", { name: "Allow for the whole organisation" }).click();
    await page.getByRole("button", { name: house.founder, exact: true }).click();
    await page.getByRole("button", { name: "Allow" }).click();
  }
  await page.waitForURL(/news=allowed/);
}

/** Their side takes it back, and what was lent is void. */
async function refuse(request: APIRequestContext, house: House): Promise<void> {
  const path = house.provider === "Google" ? `google/delegation?domain=${house.domain}` : "microsoft/consent";
  const gone = await request.delete(`${withAts.sandbox}/control/${path}`);
  expect(gone.ok(), await gone.text()).toBe(true);
  await request.post(`${withAts.sandbox}/control/faults`, { data: { provider: house.provider.toLowerCase(), kind: "expire_tokens" } });
}

async function mend(request: APIRequestContext): Promise<void> {
  await request.delete(`${withAts.sandbox}/control/faults`);
}

/** What the provider was asked about busy times since then, by the application or as the person it acts as. */
async function questions(request: APIRequestContext, house: House, since: number): Promise<unknown[]> {
  const answer = await request.get(`${withAts.sandbox}/control/requests?provider=${house.provider.toLowerCase()}&since=${since}`);
  const { requests } = await answer.json();
  return requests.filter(({ path }: { path: string }) => /freeBusy|getSchedule/.test(path));
}

/** When these people are busy, by their calendars. */
async function busyOf(request: APIRequestContext, people: string[]): Promise<{ from: number; to: number }[]> {
  const spans: { from: number; to: number }[] = [];
  for (const person of people) {
    const answer = await request.get(`${withAts.sandbox}/control/events?account=${encodeURIComponent(person)}`);
    const { events } = (await answer.json()) as { events: (SandboxEvent & { show_as: string; all_day: boolean })[] };
    for (const event of events) {
      const declined = event.attendees.some((one) => one.email === person && one.response === "declined");
      if (event.status === "cancelled" || event.show_as === "free" || event.all_day || declined) continue;
      spans.push({ from: Date.parse(event.start), to: Date.parse(event.end) });
    }
  }
  return spans;
}
