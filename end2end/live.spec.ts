// Pages that follow what happens: an open request, and the administrators' page of everything that is kept in step. Without script
// they say the same once they are reloaded.
import type { Page } from "@playwright/test";
import { ANA, BEN, TOM, expect, test } from "./support/world";
import { bookFirst, createRequest, signIn } from "./support/steps";

/** Waits for words on the page; only where no script runs it is reloaded for them. */
async function comes(page: Page, words: string | RegExp, followed: boolean): Promise<void> {
  const found = page.locator("main").getByText(words).first();
  if (followed) return expect(found).toBeVisible();
  await expect(async () => {
    await page.reload();
    await expect(found).toBeVisible({ timeout: 500 });
  }).toPass();
}

test("an open request shows what happens to it", async ({ page, visitor, javaScriptEnabled }) => {
  await signIn(page);
  const { url, link } = await createRequest(page, { interviewers: [BEN, TOM] });
  await page.goto(url);
  await expect(page.getByText("Waiting for candidate").first()).toBeVisible();
  if (javaScriptEnabled) await expect(page.locator("html[data-islands=awake]")).toBeAttached();
  let loads = 0;
  page.on("load", () => (loads += 1));

  const candidate = await visitor();
  await bookFirst(candidate, link);
  await comes(page, "In calendar", javaScriptEnabled ?? true);
  await expect(page.getByRole("link", { name: "Move interview" })).toBeVisible();

  await candidate.goto(new URL(link).pathname + "/cancel");
  await candidate.getByRole("button", { name: /^Cancel/ }).click();
  await comes(page, /cancelled/i, javaScriptEnabled ?? true);
  if (javaScriptEnabled) expect(loads, "it was never loaded again").toBe(0);
});

test("an administrator sees how everything is kept in step", async ({ page }) => {
  await signIn(page, ANA, "/admin");
  await page.getByRole("link", { name: "Sync" }).click();
  for (const name of ["Queue", "Providers", "Given up"]) {
    await expect(page.getByRole("heading", { name, level: 2 })).toBeVisible();
  }
  await expect(page.getByText("Google Calendar").first()).toBeVisible();
  await page.getByRole("link", { name: "reload it" }).click();
  await expect(page).toHaveURL(/\/admin\/sync$/);
});
