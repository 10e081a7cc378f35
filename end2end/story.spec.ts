// The whole story through the real interface: a coordinator asks, a candidate picks, moves and cancels, calendars follow.
import { ANA, BEN, CHLOE, TOM, expect, test } from "./support/world";
import { chooseZone, choose, clock, consent, createRequest, newAddress, anotherDay, times, inDays } from "./support/steps";

for (const who of [ANA, CHLOE]) {
  test(`with ${who.provider}, from sign-in to a cancelled interview`, async ({ page, context, visitor, world, scripts }) => {
    await test.step("a visitor who is signed out comes back to where they wanted to go", async () => {
      await page.goto("/requests/new");
      await expect(page).toHaveURL(/\/signin\?return_to=/);
      await consent(page, who);
      await expect(page).toHaveURL(/\/requests\/new$/);
    });

    const email = newAddress();
    const { url, link } = await createRequest(page, { email, interviewers: [BEN, TOM] });
    await test.step("the request waits for the candidate, and its link can be copied and sent", async () => {
      await expect(page.getByText("Waiting for candidate")).toBeVisible();
      expect(link).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/book\/[\w-]{43}$/);
      if (scripts) {
        await context.grantPermissions(["clipboard-read", "clipboard-write"]);
        await page.getByRole("button", { name: "Copy link" }).click();
        await expect(page.getByText("Copied")).toBeVisible();
        expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(link);
      }
      await page.getByRole("button", { name: "Send to candidate" }).click();
      await expect(page.getByText("The link is on its way to the candidate.")).toBeVisible();
      await expect(page.getByRole("button", { name: "Send again" })).toBeVisible();
    });

    const candidate = await visitor("Europe/London");
    let booked = "";
    await test.step("the candidate picks a time on another day, in another zone", async () => {
      await candidate.goto("/mailbox?to=" + email);
      await expect(async () => {
        await candidate.reload();
        await candidate.getByRole("link", { name: /^Pick a time for your interview/ }).click({ timeout: 2000 });
      }).toPass();
      await expect(candidate.getByText(link).first()).toBeVisible();

      await candidate.goto(link);
      await expect(candidate.getByRole("heading", { name: "Systems design", level: 1 })).toBeVisible();
      await chooseZone(candidate, "Asia/Tokyo", scripts);
      const day = await anotherDay(candidate);
      const name = (await day.getAttribute("aria-label"))!.split(",")[0]!;
      await day.click();
      await expect(candidate.getByRole("heading", { name })).toBeVisible();
      const { start, time } = await choose(candidate, -1);
      expect(time, "times are those of the zone that was chosen").toBe(clock(start, "Asia/Tokyo"));
      await candidate.getByRole("button", { name: "Confirm booking" }).click();
      await expect(candidate.getByRole("heading", { name: "You're booked" })).toBeVisible();
      // Followed by the end, which may lie on the next day.
      await expect(candidate.getByText(new RegExp(`, ${time}(-| - )`))).toBeVisible();
      booked = start;
    });

    const uid = await test.step("the event stands in the coordinator's calendar with everybody on it", async () => {
      await expect.poll(async () => (await world.invitations(who.email, email)).length, { timeout: 20_000 }).toBe(1);
      const [event] = await world.invitations(who.email, email);
      expect(Date.parse(event!.start)).toBe(Date.parse(booked));
      expect(Date.parse(event!.end) - Date.parse(event!.start)).toBe(45 * 60_000);
      expect(event!.status).toBe("confirmed");
      const guests = event!.attendees.map((attendee) => attendee.email);
      expect(guests).toEqual(expect.arrayContaining([email, BEN, TOM]));
      return event!.ical_uid;
    });
    await test.step("the request says so", async () => {
      await expect(async () => {
        await page.goto(url);
        await expect(page.getByText("In calendar").first()).toBeVisible({ timeout: 1000 });
      }).toPass({ timeout: 20_000 });
      const meeting = page.getByRole("link", { name: /^https:/ });
      expect(await meeting.getAttribute("href"), "where the video call is").toBe(await meeting.textContent());
    });
    await test.step("invitation and confirmation are in the candidate's mailbox", async () => {
      await expect(async () => {
        await candidate.goto("/mailbox?to=" + email);
        await expect(candidate.getByRole("link", { name: /^Your interview is booked/ })).toHaveCount(1, { timeout: 1000 });
        const invitations = candidate.getByRole("listitem").filter({ hasText: `Sent by ${who.provider}, request` });
        await expect(invitations).toHaveCount(1, { timeout: 1000 });
      }).toPass({ timeout: 20_000 });
      const invitation = candidate.getByRole("listitem").filter({ hasText: `Sent by ${who.provider}` }).first();
      await invitation.getByRole("link").click();
      await expect(candidate.getByRole("region", { name: "Calendar object" })).toContainText("METHOD:REQUEST");
      await expect(candidate.getByRole("link", { name: "Download invite.ics" })).toBeVisible();
    });

    await test.step("the candidate moves", async () => {
      await candidate.goto(link);
      await candidate.getByRole("link", { name: "Move", exact: true }).click();
      await (await anotherDay(candidate)).click();
      const { start } = await choose(candidate, 0);
      expect(start).not.toBe(booked);
      await candidate.getByRole("button", { name: "Confirm new time" }).click();
      await expect(candidate.getByRole("heading", { name: "You're booked" })).toBeVisible();
      const placed = async () => (await world.invitations(who.email, email)).map((e) => [e.ical_uid, Date.parse(e.start)]);
      await expect.poll(placed, { timeout: 20_000 }).toEqual([[uid, Date.parse(start)]]);
    });

    await test.step("the candidate cancels, and the calendar follows", async () => {
      await candidate.goto(link);
      await candidate.getByRole("link", { name: "Cancel", exact: true }).click();
      await candidate.getByLabel("Reason").fill("I took another offer.");
      await candidate.getByRole("button", { name: "Cancel interview" }).click();
      await expect(candidate.getByRole("heading", { name: "This interview is cancelled" })).toBeVisible();
      const living = async () =>
        (await world.invitations(who.email, email)).filter((event) => event.status !== "cancelled").length;
      await expect.poll(living, { timeout: 20_000 }).toBe(0);
      await page.goto(url);
      await expect(page.getByText("Cancelled", { exact: true }).first()).toBeVisible();
      await expect(times(page)).toHaveCount(0);
      await candidate.goto(link);
      await expect(candidate.getByRole("button", { name: "Confirm booking" })).toHaveCount(0);
    });
  });
}

test("a coordinator moves and cancels", async ({ page, visitor, world }) => {
  await page.goto("/requests/new");
  await consent(page, ANA);
  const { url, link, email } = await createRequest(page, { interviewers: [BEN], from: inDays(14) });
  const candidate = await visitor();
  await candidate.goto(link);
  const { start } = await choose(candidate, 0);
  await candidate.getByRole("button", { name: "Confirm booking" }).click();
  await expect(candidate.getByRole("heading", { name: "You're booked" })).toBeVisible();

  await page.goto(url);
  await page.getByRole("link", { name: "Move interview" }).click();
  await (await anotherDay(page)).click();
  const moved = await choose(page, 0);
  expect(moved.start).not.toBe(start);
  await page.getByRole("button", { name: "Move interview" }).click();
  await expect(page.getByText("The interview has a new time. Everyone is told.")).toBeVisible();
  const starts = async () => (await world.invitations(ANA.email, email)).map((event) => Date.parse(event.start));
  await expect.poll(starts, { timeout: 20_000 }).toEqual([Date.parse(moved.start)]);

  await page.goto(url);
  await page.getByRole("link", { name: "Cancel interview" }).click();
  await expect(page.getByRole("dialog", { name: "Cancel this interview?" })).toBeVisible();
  await page.getByRole("button", { name: "Yes, cancel" }).click();
  await expect(page.getByText("The interview is cancelled. Everyone is told.")).toBeVisible();
  const living = async () =>
    (await world.invitations(ANA.email, email)).filter((event) => event.status !== "cancelled").length;
  await expect.poll(living, { timeout: 20_000 }).toBe(0);
  await candidate.goto(link);
  await expect(candidate.getByRole("heading", { name: "This interview is cancelled" })).toBeVisible();
});
