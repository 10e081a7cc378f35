// From sign-up to a sent request in three steps, by clicking. (Without script the same is told in Rust.)
import { expect, test } from "./support/world";
import { allow, newAddress } from "./support/steps";

test("somebody new is led to a sent request in under a minute", async ({ page }, info) => {
  const began = Date.now();
  let step = 0;
  const picture = async () => {
    step += 1;
    await page.screenshot({ path: info.outputPath(`welcome-${step}.png`), fullPage: true });
  };
  await page.goto("/signup");
  await page.getByRole("button", { name: "Continue with Google" }).click();
  await page.getByRole("button", { name: "zoe.park@gmail.example", exact: true }).click();
  // Everything but the calendar is allowed first: the wizard asks for it.
  await page.getByRole("button", { name: "Allow" }).click();
  await page.waitForURL(/\/welcome/);
  await expect(page.getByRole("heading", { name: "Invite your team", level: 1 })).toBeVisible();
  await picture();
  await page.getByRole("link", { name: "Back" }).click();
  await expect(page.getByRole("heading", { name: "Connect your calendar", level: 1 })).toBeVisible();
  await expect(page.getByText("Your calendar is connected")).toBeVisible();
  await picture();
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByLabel("Addresses").fill(`${newAddress()}\n${newAddress()}`);
  await page.getByRole("button", { name: "Continue" }).click();
  await expect(page.getByRole("heading", { name: "Create your first request", level: 1 })).toBeVisible();
  await picture();
  // Left, and found again.
  await page.getByRole("link", { name: "Dashboard" }).first().click();
  await expect(page.getByText("Step 3 of 3: Create your first request")).toBeVisible();
  await page.getByRole("link", { name: "Continue" }).click();
  await page.getByRole("link", { name: "Continue" }).click();
  await expect(page.getByLabel("Candidate name")).toHaveValue("Sam Sample");
  await picture();
  await page.getByRole("button", { name: "Create request" }).click();
  await page.waitForURL(/\/requests\/req_/);
  await page.getByRole("button", { name: "Send to candidate" }).click();
  await page.waitForURL(/news=sent/);
  await picture();
  expect(Date.now() - began, "milliseconds of clicking").toBeLessThan(60_000);
  await page.goto("/dashboard");
  await expect(page.getByText("Finish setting up")).toHaveCount(0);
});

test("whoever signs up without a calendar is asked for one first", async ({ page }) => {
  await page.goto("/signup");
  await page.getByRole("button", { name: "Continue with Microsoft" }).click();
  await page.getByRole("button", { name: "mia.rossi@outlook.example", exact: true }).click();
  await page.getByRole("button", { name: "Allow" }).click();
  await page.waitForURL(/\/welcome/);
  await page.goto("/settings/calendar?disconnect=microsoft");
  await page.getByRole("dialog").getByRole("button", { name: "Disconnect" }).click();
  await expect(page.getByText("Disconnected. Convene no longer reads this calendar.")).toBeVisible();
  await page.goto("/welcome?step=3");
  await expect(page.getByRole("heading", { name: "Connect your calendar", level: 1 })).toBeVisible();
  // Making a request asks in place.
  await page.goto("/requests/new");
  await page.getByRole("button", { name: "Connect Outlook" }).click();
  await page.getByRole("button", { name: "mia.rossi@outlook.example", exact: true }).click();
  await allow(page);
  await page.waitForURL(/\/requests\/new/);
  await expect(page.getByText("Your calendar is not connected")).toHaveCount(0);
});
