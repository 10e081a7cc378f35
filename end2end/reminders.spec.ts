// Reminders to come stand on the request's page and follow the interview; the organisation says what requests start with.
import type { Page } from "@playwright/test";
import { ANA, BEN, expect, test } from "./support/world";
import { anotherDay, bookFirst, choose, createRequest, signIn } from "./support/steps";

const MINUTE = 60_000;

/** The moments of the reminders to come, latest first as the page lists them. */
async function toCome(page: Page): Promise<number[]> {
  const entries = page.getByRole("listitem").filter({ hasText: /Reminder to 2 people/ }).locator("time");
  return entries.evaluateAll((times) => times.map((time) => Date.parse(time.getAttribute("datetime")!)));
}

function inDays(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
}

test("reminders to come follow the interview", async ({ page, visitor }) => {
  await signIn(page, ANA);
  const { url, link } = await createRequest(page, { interviewers: [BEN], from: inDays(4) });
  await page.goto(url);
  expect(await toCome(page), "nothing is booked").toEqual([]);
  const start = Date.parse(await bookFirst(await visitor(), link));
  await page.goto(url);
  // A day and an hour before.
  expect(await toCome(page)).toEqual([start - 60 * MINUTE, start - 1440 * MINUTE]);

  await page.getByRole("link", { name: "Move interview" }).click();
  await (await anotherDay(page)).click();
  const moved = Date.parse((await choose(page, 0)).start);
  await page.getByRole("button", { name: "Move interview" }).click();
  await expect(page.getByText("The interview has a new time. Everyone is told.")).toBeVisible();
  expect(await toCome(page)).toEqual([moved - 60 * MINUTE, moved - 1440 * MINUTE]);

  await page.getByRole("link", { name: "Cancel interview" }).click();
  await page.getByRole("button", { name: "Yes, cancel" }).click();
  await expect(page.getByText("The interview is cancelled. Everyone is told.")).toBeVisible();
  expect(await toCome(page)).toEqual([]);
});

test("an administrator decides what new requests remind of", async ({ page }) => {
  const policy = "/admin/integrations/calendar";
  await signIn(page, ANA, policy);
  const tick = async (words: string) => page.getByText(words, { exact: true }).click();
  const save = async () => {
    await page.getByRole("button", { name: "Save" }).click();
    await expect(page.getByText("Saved. It holds from now on.")).toBeVisible();
  };
  await tick("15 minutes before");
  await tick("1 day before");
  await save();
  await page.goto("/requests/new");
  await expect(page.getByRole("checkbox", { name: "15 minutes before" })).toBeChecked();
  await expect(page.getByRole("checkbox", { name: "1 day before" })).not.toBeChecked();
  await page.goto(policy);
  await tick("15 minutes before");
  await tick("1 day before");
  await save();
});
