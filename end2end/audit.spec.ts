// An administrator looks for who did what, checks that the log is whole, and takes it along as a file.
import { readFile } from "node:fs/promises";
import { ANA, expect, test } from "./support/world";
import { signIn } from "./support/steps";

test("the audit log is searched, checked and exported", async ({ page }) => {
  await signIn(page, ANA, "/admin");
  await page.getByRole("link", { name: "Audit log" }).click();
  await expect(page.getByRole("heading", { name: "Audit log" })).toBeVisible();
  const rows = page.getByRole("row").filter({ has: page.getByText("Details") });
  await expect(rows.first()).toContainText("Signed in with Google");
  await expect(rows.first()).toContainText(ANA.email);
  await expect(rows.first()).toContainText("Chrome on Linux");
  await rows.first().getByText("Details").click();
  await expect(rows.first().getByText("person.signed_in")).toBeVisible();

  await test.step("what is looked for stands in the address", async () => {
    await page.getByLabel("Search").fill("signed in");
    await page.getByLabel("Who").selectOption({ label: ANA.name });
    await page.getByLabel("What").selectOption({ label: "Signing in" });
    await page.getByRole("button", { name: "Show" }).click();
    await expect(page).toHaveURL(/q=signed\+in&who=per_[0-9a-f]{32}&what=sign_in/);
    await expect(page.getByLabel("Search")).toHaveValue("signed in");
    for (const text of await rows.allInnerTexts()) expect(text).toContain("Signed in with");
    await page.getByLabel("From", { exact: true }).fill("2027-01-02");
    await page.getByLabel("To", { exact: true }).fill("2027-01-01");
    await page.getByRole("button", { name: "Show" }).click();
    await expect(page.getByText("The last day is before the first.")).toBeVisible();
    await page.getByRole("link", { name: "Clear" }).click();
    await page.getByLabel("Search").fill("nobody did this");
    await page.getByRole("button", { name: "Show" }).click();
    await expect(page.getByText("Nothing found")).toBeVisible();
    await page.getByRole("link", { name: "Show everything" }).click();
    await expect(rows.first()).toBeVisible();
  });

  await test.step("the check says how many entries there are", async () => {
    await page.getByRole("button", { name: "Check the log" }).click();
    await expect(page.getByText(/^Checked just now by Ana Alvarez: [\d,]+ entries, unbroken\.$/)).toBeVisible();
    await expect(rows.first()).toContainText("Checked this log");
  });

  await test.step("a file holds what the page was asked for", async () => {
    await page.goto("/admin/audit?what=sign_in");
    const download = page.waitForEvent("download");
    await page.getByRole("button", { name: "Export as CSV" }).click();
    const file = await download;
    expect(file.suggestedFilename()).toMatch(/^convene-audit-\d{4}-\d\d-\d\d\.csv$/);
    const [head, ...lines] = (await readFile(await file.path(), "utf8")).trimEnd().split("\r\n");
    expect(head).toContain("entry,at,actor_kind");
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(line).toMatch(/person\.sign|session\./);
    await page.goto("/admin/audit");
    await expect(rows.first()).toContainText("Exported this log as csv");
  });
});

test("the audit log fits a phone", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await signIn(page, ANA, "/admin/audit");
  await expect(page.getByRole("button", { name: "Check the log" })).toBeVisible();
  const wide = await page.locator("html").evaluate((html) => html.scrollWidth);
  expect(wide).toBeLessThanOrEqual(390);
});
