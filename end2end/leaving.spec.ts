// A coordinator disconnects the calendar in which an interview stands: it takes place, and its guests get another invitation.
import { ANA, BEN, expect, test } from "./support/world";
import { allow, bookFirst, createRequest, inDays, signIn } from "./support/steps";

const PAGE = "/settings/calendar";

test("interviews are taken out of a calendar that is disconnected, and nobody loses one", async ({ page, visitor }) => {
  await signIn(page, ANA, "/dashboard");
  const { url, link, email } = await createRequest(page, { interviewers: [BEN], from: inDays(21) });
  await bookFirst(await visitor(), link);
  await expect(async () => {
    await page.goto(url);
    await expect(page.getByText("In calendar", { exact: true }).first()).toBeVisible({ timeout: 500 });
  }).toPass();

  await page.goto(PAGE);
  const google = page.getByRole("region", { name: "Google Calendar", exact: true });
  await google.getByRole("link", { name: "Disconnect" }).click();
  const dialog = page.getByRole("dialog", { name: /Disconnect Google Calendar/ });
  await expect(dialog.getByText(/interviews? to come (is|are) in it/)).toBeVisible();
  await expect(dialog.getByRole("radio", { name: /Leave in the calendar/ })).toBeChecked();
  await dialog.getByText("Take out of the calendar").click();
  await dialog.getByRole("button", { name: "Disconnect" }).click();
  await expect(page.getByText("Disconnected. Interviews to come are being taken out of this calendar.")).toBeVisible();
  try {
    await expect(async () => {
      await page.goto("/mailbox?to=" + encodeURIComponent(email));
      await expect(page.getByRole("link", { name: /Still on: Systems design/ }).first()).toBeVisible({ timeout: 500 });
    }).toPass();
    await page.goto(url);
    await expect(page.getByText("Booked", { exact: true }).or(page.getByText("Not in calendar", { exact: true })).first()).toBeVisible();
  } finally {
    await page.goto(PAGE);
    await google.getByRole("button", { name: "Connect Google Calendar" }).click();
    const account = page.getByRole("button", { name: ANA.email, exact: true });
    await account.or(page.getByRole("button", { name: "Allow" })).first().waitFor();
    if (await account.isVisible()) await account.click();
    await allow(page);
    await expect(google.getByText("Connected", { exact: true })).toBeVisible();
  }
});
