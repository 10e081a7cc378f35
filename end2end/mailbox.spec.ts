// The demo's mailbox: what it shows of a mail, and that a mail cannot do anything there.
import { ANA, BEN, expect, test } from "./support/world";
import { consent, createRequest } from "./support/steps";

test("a mail is shown as text and as HTML, which runs nothing", async ({ page, request }) => {
  await page.goto("/requests/new");
  await consent(page, ANA);
  const { email, link } = await createRequest(page, { interviewers: [BEN], candidate: "Zoë <b>Bold</b>" });
  await page.getByRole("button", { name: "Send to candidate" }).click();
  await expect(page.getByText("The link is on its way to the candidate.")).toBeVisible();

  const row = page.getByRole("listitem").filter({ hasText: "Sent by Convene" });
  await expect(async () => {
    await page.goto("/mailbox?to=" + email);
    await expect(row.getByText("Sent", { exact: true })).toBeVisible({ timeout: 1000 });
  }).toPass({ timeout: 20_000 });
  await row.getByRole("link").click();
  await expect(page.getByRole("heading", { level: 1, name: /^Pick a time for your interview/ })).toBeVisible();
  await expect(page.getByText("Hello Zoë <b>Bold</b>,").first()).toBeVisible();
  await expect(page.getByRole("link", { name: link })).toHaveAttribute("href", link);
  const frame = page.frameLocator("iframe[title='The mail as HTML']");
  await expect(frame.getByRole("heading", { level: 1 })).toBeVisible();
  await expect(frame.getByText("Hello Zoë <b>Bold</b>,")).toBeVisible();

  const html = await request.get(new URL(page.url()).pathname + "/html");
  expect(html.ok()).toBe(true);
  expect(html.headers()["content-security-policy"]).toMatch(/default-src 'none'.*sandbox/);
  expect(html.headers()["content-security-policy"]).not.toContain("script-src");
});

test("a mail that never was is not found", async ({ page, request }) => {
  for (const id of ["msg_00000000000000000000000000", "google-999999", "nothing"]) {
    const answer = await page.goto(`/mailbox/${id}`);
    expect(answer!.status(), id).toBe(404);
    expect((await request.get(`/mailbox/${id}/invite.ics`)).status(), id).toBe(404);
  }
});
