// What somebody says about themselves: hours, limits, and what is wrong with them.
import { ANA, expect, test } from "./support/world";
import { signIn } from "./support/steps";

test("hours and limits are kept, and mistakes are named where they are", async ({ page }) => {
  await signIn(page, ANA, "/settings");
  await expect(page.getByRole("heading", { name: "Profile" })).toBeVisible();
  await page.getByLabel("Friday, to", { exact: true }).fill("08:00");
  await page.getByRole("button", { name: "Save working hours" }).click();
  await expect(page.getByText("Friday ends before it starts.")).toBeVisible();
  await expect(page.getByLabel("Friday, to", { exact: true })).toHaveValue("08:00");
  await page.getByLabel("Friday, to", { exact: true }).fill("17:00");
  await page.getByRole("button", { name: "Save working hours" }).click();
  await page.waitForURL(/news=saved/);

  await page.getByLabel("Interviews a day, at most").fill("0");
  await page.getByRole("button", { name: "Save limits" }).click();
  await expect(page.getByText("Give a whole number from 1 to 99, or leave it empty for no limit.")).toBeVisible();
  await page.getByLabel("Interviews a day, at most").fill("9");
  await page.getByRole("button", { name: "Save limits" }).click();
  await page.waitForURL(/news=saved/);
  await expect(page.getByLabel("Interviews a day, at most")).toHaveValue("9");
  await page.getByLabel("Interviews a day, at most").fill("");
  await page.getByRole("button", { name: "Save limits" }).click();
  await page.waitForURL(/news=saved/);
  await expect(page.getByLabel("Interviews a day, at most")).toHaveValue("");
});
