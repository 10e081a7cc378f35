// What goes into a calendar, when it alerts its owner, and when new requests of a coordinator remind people.
import type { Page } from "@playwright/test";
import { ANA, BEN, expect, test } from "./support/world";
import { bookFirst, createRequest, inDays, signIn } from "./support/steps";

const PAGE = "/settings/notifications";

function kind(page: Page, name: string) {
  const row = page.getByRole("group", { name, exact: true });
  return { toggle: row.getByRole("switch", { name: "Put into my calendar" }), alert: row.getByLabel("Alert") };
}

async function save(page: Page, button: string): Promise<void> {
  await page.getByRole("button", { name: button }).click();
  await expect(page.getByText("Saved. It counts from now on.")).toBeVisible();
}

test("what goes into a calendar is chosen kind by kind", async ({ page, visitor }) => {
  await signIn(page, ANA, "/settings");
  await page.getByRole("navigation", { name: "Settings" }).getByRole("link", { name: "Notifications" }).click();
  await expect(page.getByRole("heading", { name: "Notifications" })).toBeVisible();
  for (const name of ["Interviews", "Practice sessions", "Assignments", "Follow-ups", "Reminders"]) {
    await expect(kind(page, name).toggle).toBeChecked();
    await expect(kind(page, name).alert).toHaveValue("default");
  }
  const interviews = kind(page, "Interviews");
  await test.step("an alert, and another kind switched off", async () => {
    await interviews.alert.selectOption("15 minutes before");
    await kind(page, "Assignments").alert.selectOption("1 day before");
    await kind(page, "Follow-ups").toggle.click();
    await expect(kind(page, "Follow-ups").alert, "nothing to be alerted to").toBeHidden();
    await save(page, "Save notifications");
    await expect(interviews.alert).toHaveValue("15");
    await expect(kind(page, "Assignments").alert).toHaveValue("1440");
    await expect(kind(page, "Follow-ups").toggle).not.toBeChecked();
  });
  await test.step("interviews go by mail once they are switched off", async () => {
    await interviews.toggle.click();
    await save(page, "Save notifications");
    await page.goto("/requests/new");
    await expect(page.getByText("Your interviews stay out of calendars")).toBeVisible();
    const { url, link } = await createRequest(page, { interviewers: [BEN], from: inDays(21) });
    await bookFirst(await visitor(), link);
    await page.goto(url);
    await expect(page.getByText("Its coordinator keeps interviews out of calendars. Everybody was invited by mail.")).toBeVisible();
    await expect(page.getByText("In calendar", { exact: true })).toHaveCount(0);
  });
  await page.goto(PAGE);
  await interviews.toggle.click();
  await kind(page, "Follow-ups").toggle.click();
  await interviews.alert.selectOption("As my calendar does");
  await kind(page, "Assignments").alert.selectOption("As my calendar does");
  await save(page, "Save notifications");
});

test("new requests start with one's own reminders", async ({ page }) => {
  await signIn(page, ANA, PAGE);
  const own = page.getByRole("checkbox", { name: "15 minutes before" });
  await expect(own, "the organisation's are not chosen here").toBeHidden();
  await page.getByText("My own", { exact: true }).click();
  await page.getByText("15 minutes before", { exact: true }).last().click();
  await page.getByText("1 day before", { exact: true }).last().click();
  await save(page, "Save reminders");
  await expect(own).toBeChecked();
  await page.goto("/requests/new");
  await expect(page.getByRole("checkbox", { name: "15 minutes before" })).toBeChecked();
  await expect(page.getByRole("checkbox", { name: "1 day before" })).not.toBeChecked();

  await page.goto(PAGE);
  await page.getByRole("radio", { name: /The organisation's reminders/ }).check();
  await save(page, "Save reminders");
  await page.goto("/requests/new");
  await expect(page.getByRole("checkbox", { name: "15 minutes before" })).not.toBeChecked();
  await expect(page.getByRole("checkbox", { name: "1 day before" })).toBeChecked();
});
