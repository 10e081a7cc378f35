// The candidate's page when things do not go straight: races, old links, double clicks, the back button.
import { ANA, BEN, expect, test } from "./support/world";
import { bookFirst, choose, consent, createRequest, pick, times } from "./support/steps";

test.beforeEach(async ({ page }) => {
  await page.goto("/requests/new");
  await consent(page, ANA);
});

test("of two candidates who want one slot, one gets it and the other gets fresh times", async ({ page, visitor, world }) => {
  const first = await createRequest(page, { interviewers: [BEN] });
  const second = await createRequest(page, { interviewers: [BEN], candidate: "Noor Haddad" });
  const [one, two] = [await visitor(), await visitor()];
  await one.goto(first.link);
  await two.goto(second.link);
  const wanted = await choose(one, 0);
  const zone = await two.getByLabel("Time zone").inputValue();
  await pick(two.locator(`input[type=radio][value="${wanted.start}"]`));
  await one.getByRole("button", { name: "Confirm booking" }).click();
  await expect(one.getByRole("heading", { name: "You're booked" })).toBeVisible();

  const answering = two.waitForResponse((response) => response.request().method() === "POST" && response.url().includes("/book/"));
  await two.getByRole("button", { name: "Confirm booking" }).click();
  expect((await answering).status()).toBe(409);
  await expect(two.getByRole("alert")).toContainText("Someone just took this time. Choose another one.");
  // Nothing is lost: same zone, same page, times that are still free.
  await expect(two.getByLabel("Time zone")).toHaveValue(zone);
  const open = await times(two).evaluateAll((radios) => radios.filter((r) => !(r as HTMLInputElement).disabled).map((r) => (r as HTMLInputElement).value));
  expect(open.length).toBeGreaterThan(0);
  expect(open).not.toContain(wanted.start);
  await choose(two, 0);
  await two.getByRole("button", { name: "Confirm booking" }).click();
  await expect(two.getByRole("heading", { name: "You're booked" })).toBeVisible();
  await expect.poll(async () => (await world.invitations(ANA.email, second.email)).length, { timeout: 20_000 }).toBe(1);
  expect((await world.invitations(ANA.email, first.email)).length).toBe(1);
});

test("a double click on confirm books once", async ({ page, visitor, world }) => {
  const { link, email, url } = await createRequest(page, { interviewers: [BEN] });
  const candidate = await visitor();
  await candidate.goto(link);
  await choose(candidate, 0);
  await candidate.getByRole("button", { name: "Confirm booking" }).dblclick();
  await expect(candidate.getByRole("heading", { name: "You're booked" })).toBeVisible();
  await expect.poll(async () => (await world.invitations(ANA.email, email)).length, { timeout: 20_000 }).toBe(1);
  await page.goto(url);
  await expect(page.getByText("In calendar").first()).toBeVisible();
  expect((await world.invitations(ANA.email, email)).length).toBe(1);
});

test("the form sent a second time from history books once", async ({ page, visitor, world }) => {
  const { link, email } = await createRequest(page, { interviewers: [BEN] });
  const candidate = await visitor();
  await candidate.goto(link);
  await choose(candidate, 0);
  const sent = candidate.waitForRequest((request) => request.method() === "POST" && request.url().includes("/book/"));
  await candidate.getByRole("button", { name: "Confirm booking" }).click();
  await expect(candidate.getByRole("heading", { name: "You're booked" })).toBeVisible();
  const form = await sent;
  const again = await candidate.request.post(form.url(), {
    data: form.postData()!,
    headers: { "content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin" },
  });
  expect(again.ok()).toBe(true);
  expect(await again.text()).toContain("You're booked");
  await expect.poll(async () => (await world.invitations(ANA.email, email)).length, { timeout: 20_000 }).toBe(1);
});

test("back after booking shows the booking, not the times", async ({ page, visitor }) => {
  const { link } = await createRequest(page, { interviewers: [BEN] });
  const candidate = await visitor();
  await bookFirst(candidate, link);
  await candidate.goBack();
  await expect(candidate.getByRole("heading", { name: "You're booked" })).toBeVisible();
  await expect(times(candidate)).toHaveCount(0);
});

test("a calendar file comes with the booking", async ({ page, visitor }) => {
  const { link: booking } = await createRequest(page, { interviewers: [BEN] });
  const candidate = await visitor();
  const start = await bookFirst(candidate, booking);
  // It has the UID of the invitation, which the coordinator's calendar gives.
  const link = candidate.getByRole("link", { name: "Add to calendar" });
  await expect(async () => {
    await candidate.reload();
    await expect(link).toBeVisible({ timeout: 500 });
  }).toPass({ timeout: 20_000 });
  const href = await link.getAttribute("href");
  const file = await candidate.request.get(href!);
  expect(file.ok()).toBe(true);
  expect(file.headers()["content-type"]).toContain("text/calendar");
  expect(await file.text()).toContain(`DTSTART:${start.replaceAll(/[-:]/g, "")}`);
});

test("links that never were, and links of cancelled requests, say so", async ({ page, visitor }) => {
  const candidate = await visitor();
  for (const token of ["abc", "A".repeat(43), "A".repeat(44), "..%2F..%2Fetc"]) {
    const answer = await candidate.goto(`/book/${token}`);
    expect(answer!.status(), token).toBe(404);
    await expect(candidate.getByRole("heading", { level: 1 })).toBeVisible();
    await expect(candidate.getByRole("link", { name: "Home page" })).toBeVisible();
  }
  const { url, link } = await createRequest(page, { interviewers: [BEN] });
  await page.goto(url + "?dialog=cancel");
  await page.getByRole("button", { name: "Yes, cancel" }).click();
  await expect(page.getByText("Cancelled", { exact: true }).first()).toBeVisible();
  await candidate.goto(link);
  await expect(candidate.getByRole("heading", { name: "This interview is cancelled" })).toBeVisible();
  await expect(candidate.getByText(ANA.email)).toBeVisible();
});

test("confirming without a time asks for one", async ({ page, visitor }) => {
  const { link } = await createRequest(page, { interviewers: [BEN] });
  const candidate = await visitor();
  await candidate.goto(link);
  await candidate.getByRole("button", { name: "Confirm booking" }).click();
  // The browser itself asks first.
  expect(await times(candidate).first().evaluate((radio) => (radio as HTMLInputElement).validity.valueMissing)).toBe(true);
  await expect(times(candidate).first()).toBeVisible();
  // A program that sends the form regardless is told the same.
  const key = await candidate.locator("input[name=key]").inputValue();
  const answer = await candidate.request.post(new URL(link).pathname, {
    form: { key, tz: "Europe/Berlin" },
    headers: { "sec-fetch-site": "same-origin", accept: "text/html" },
  });
  expect(answer.status()).toBe(422);
  expect(await answer.text()).toContain("Choose a time first.");
});
