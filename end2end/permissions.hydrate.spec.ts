// Permissions unticked at a first connection. Once only, because a connection that works is not replaced by a narrower grant.
import { CHLOE, expect, test } from "./support/world";
import { chooseAccount } from "./support/steps";

test("permissions that were unticked are named, and can be given later", async ({ page, world }) => {
  await world.forgetConsent(CHLOE);
  await page.goto("/signin?return_to=/dashboard");
  await chooseAccount(page, CHLOE.provider, CHLOE.email);
  for (const box of await page.getByRole("checkbox").all()) await box.uncheck();
  await page.getByRole("button", { name: "Allow" }).click();
  // Signed in, but Convene may not look into the calendar: the person is told so, and can mend it.
  const sentence = "Permission to see when you are busy and to add events to your calendar is missing.";
  await expect(page.getByText(sentence)).toBeVisible();
  await expect(page.getByText("Permission missing")).toBeVisible();
  await page.getByRole("button", { name: "Reconnect" }).click();
  await page.getByRole("button", { name: CHLOE.email, exact: true }).click();
  await page.getByRole("button", { name: "Allow" }).click();
  await expect(page.getByRole("heading", { name: "Dashboard", level: 1 })).toBeVisible();
  await expect(page.getByText("is missing")).toHaveCount(0);
  await expect(page.getByText("Permission missing")).toHaveCount(0);
});

