// What every visitor meets: the home page, the way in, and an address that leads nowhere.
import { expect, test } from "@playwright/test";

test("the home page leads to sign-in", async ({ page }) => {
  await page.goto("/");
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await page.getByRole("link", { name: "Sign in" }).click();
  await expect(page.getByRole("button", { name: "Continue with Google" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Continue with Microsoft" })).toBeVisible();
});

test("an unknown address is a page that leads back", async ({ page }) => {
  const answer = await page.goto("/nothing/here");
  expect(answer?.status()).toBe(404);
  await expect(page.getByRole("heading", { name: "There is nothing at this address." })).toBeVisible();
  await page.getByRole("link", { name: "Home page" }).click();
  await expect(page).toHaveURL("/");
});

test("nothing on these pages offends the content security policy", async ({ page }) => {
  const offences: string[] = [];
  page.on("console", (message) => {
    if (/content security policy/i.test(message.text())) offences.push(message.text());
  });
  for (const path of ["/", "/signin", "/signup", "/nothing/here"]) {
    await page.goto(path, { waitUntil: "networkidle" });
  }
  expect(offences).toEqual([]);
});
