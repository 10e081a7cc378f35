// Somebody sees where they are signed in, and ends it there.
import { ANA, CHLOE, expect, test } from "./support/world";
import { signIn } from "./support/steps";

const PHONE =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1";

test("another device is signed out from the list", async ({ page, visitor }) => {
  await signIn(page, ANA, "/settings");
  const phone = await visitor("Europe/Berlin", { userAgent: PHONE });
  await signIn(phone, ANA, "/dashboard");

  await page.getByRole("link", { name: "Sessions" }).click();
  await expect(page.getByRole("heading", { name: "Sessions" })).toBeVisible();
  await expect(page.getByText("This device")).toHaveCount(1);
  const line = page.getByRole("listitem").filter({ hasText: "Safari on iPhone" });
  await expect(line).toContainText("Last seen just now");
  await line.getByRole("button", { name: /^Sign out Safari on iPhone/ }).click();
  await expect(page.getByText("Signed out there.")).toBeVisible();
  await expect(line).toHaveCount(0);
  await phone.goto("/dashboard");
  await expect(phone).toHaveURL(/\/signin\?return_to=/);
  await page.goto("/dashboard");
  await expect(page.getByRole("heading", { name: "Dashboard" })).toBeVisible();
});

test("signing out everywhere ends this one too", async ({ page, visitor }) => {
  await signIn(page, CHLOE, "/settings/sessions");
  const phone = await visitor("Europe/Berlin", { userAgent: PHONE });
  await signIn(phone, CHLOE, "/dashboard");
  await page.getByRole("link", { name: "Sign out everywhere" }).click();
  const dialog = page.getByRole("dialog", { name: "Sign out everywhere?" });
  await dialog.getByRole("link", { name: "Stay signed in" }).click();
  await expect(page).toHaveURL(/\/settings\/sessions$/);
  await page.getByRole("link", { name: "Sign out everywhere" }).click();
  await dialog.getByRole("button", { name: "Sign out everywhere" }).click();
  await expect(page).toHaveURL(/\/signin$/);
  for (const them of [page, phone]) {
    await them.goto("/dashboard");
    await expect(them).toHaveURL(/\/signin\?return_to=/);
  }
});
