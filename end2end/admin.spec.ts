// An administrator decides what others may do, and switches them off and on.
import { ANA, expect, test } from "./support/world";
import { signIn } from "./support/steps";

/** As the demo calls them. */
const CHLOE = "Chloe Dubois";
const HUGO = "Hugo Silva";

test("roles change, and people are switched off and on", async ({ page }) => {
  await signIn(page, ANA, "/admin");
  await expect(page.getByRole("heading", { name: "Administration", level: 1 })).toBeVisible();
  const line = (name: string) => page.getByRole("listitem").filter({ hasText: name });
  const becomes = async (role: string) => {
    await page.getByRole("link", { name: `Change ${CHLOE}` }).click();
    const dialog = page.getByRole("dialog", { name: `Change ${CHLOE}` });
    await dialog.getByText(role).click();
    await dialog.getByRole("button", { name: "Save" }).click();
    await expect(page.getByText("Saved. It holds from their next page on.")).toBeVisible();
    await expect(line(CHLOE)).toContainText(`${role} · `);
  };
  await becomes("Administrator");
  await becomes("Coordinator");
  // Oneself is decided about by others.
  await expect(page.getByRole("link", { name: `Change ${ANA.name}` })).toHaveCount(0);

  await page.getByRole("link", { name: `Change ${HUGO}` }).click();
  const change = page.getByRole("dialog", { name: `Change ${HUGO}` });
  await expect(change.getByRole("button", { name: "Ask to coordinate" })).toBeVisible();
  await change.getByRole("link", { name: "Switch off" }).click();
  const off = page.getByRole("dialog", { name: `Switch ${HUGO} off?` });
  await off.getByRole("button", { name: "Switch off" }).click();
  await expect(page.getByText("Switched off. They are signed out everywhere")).toBeVisible();
  await expect(line(HUGO)).toContainText("switched off just now");
  await page.getByRole("button", { name: `Switch ${HUGO} on` }).click();
  await expect(page.getByText("Switched on. They can sign in again")).toBeVisible();
  await expect(page.getByRole("link", { name: `Change ${HUGO}` })).toBeVisible();
});
