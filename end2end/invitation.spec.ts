// Interviewers: invited by a coordinator, they connect a calendar read-only or give times by hand.
import { ANA, BEN, expect, test } from "./support/world";
import { accept, createRequest, invitationOf, invite, newAddress, signIn, times } from "./support/steps";

/** Each project connects people of its own: whoever accepted once has an account. */
const GUESTS = {
  scripted: [
    { email: "eva.lindqvist@example.com", provider: "Google" },
    { email: "nora.weiss@example.org", provider: "Microsoft" },
  ],
  plain: [
    { email: "leo.martin@gmail.example", provider: "Google" },
    { email: "hugo.silva@outlook.example", provider: "Microsoft" },
  ],
} as const;

test("interviewers connect Google and Microsoft, and open requests offer their times", async ({ page, visitor, scripts }) => {
  const guests = scripts ? GUESTS.scripted : GUESTS.plain;
  await signIn(page, ANA);
  const { url, link } = await createRequest(page, { interviewers: [BEN, ...guests.map(({ email }) => email)] });
  await expect(page.getByText("Nobody knows when")).toBeVisible();
  await expect(page.getByText("times unknown").first()).toBeVisible();

  for (const guest of guests) {
    await page.goto(url);
    const first = guest.email.split(".")[0]!;
    const ask = new RegExp(`^(Invite|Ask) ${first}`, "i");
    await page.getByRole("button", { name: ask }).click();
    await page.waitForURL(/news=asked/);
    const them = await visitor();
    const invitation = await invitationOf(them, guest.email);
    await them.goto(invitation);
    await expect(them.getByRole("heading", { name: "Connect your calendar", level: 1 })).toBeVisible();
    await expect(them.getByText("Ana Alvarez asks")).toBeVisible();
    await expect(them.getByRole("heading", { name: "Convene never sees" })).toBeVisible();
    await accept(them, invitation, guest);
    await expect(them.getByRole("heading", { name: "Settings", level: 1 })).toBeVisible();
    await expect(them.getByRole("link", { name: "Dashboard" })).toHaveCount(0);
    // Used up, for whoever else has it.
    const other = await visitor();
    const gone = await other.goto(invitation);
    expect(gone!.status()).toBe(410);
  }
  await page.goto(url);
  await expect(page.getByText("Nobody knows when")).toHaveCount(0);
  await expect(page.getByText(/read (just now|\d+ min ago)/)).toHaveCount(3);
  const candidate = await visitor();
  await candidate.goto(link);
  await expect(times(candidate).first()).toBeVisible();

  // Whoever asked is told.
  await expect(async () => {
    const mails = await visitor();
    await mails.goto("/mailbox?to=" + ANA.email);
    const first = guests[0].email.split(".")[0]!;
    await expect(mails.getByRole("link", { name: new RegExp(`${first}.*connected their calendar`, "i") }).first()).toBeVisible({ timeout: 500 });
  }).toPass();
});

test("somebody gives times on a phone and changes their mind", async ({ page, visitor, scripts }) => {
  await signIn(page, ANA);
  const email = newAddress();
  const { url, link } = await createRequest(page, { interviewers: [email], zone: "Europe/Berlin" });
  await page.getByRole("button", { name: /^Invite/ }).click();
  await page.waitForURL(/news=asked/);

  const them = await visitor();
  await them.setViewportSize({ width: 390, height: 844 });
  await them.goto(await invitationOf(them, email));
  await them.getByRole("button", { name: "Give times instead" }).click();
  await expect(them.getByRole("heading", { name: "When can you interview?" })).toBeVisible();
  await them.getByLabel("Time zone").selectOption("Europe/Berlin");
  await them.getByRole("button", { name: "Use this zone" }).click();
  await them.getByRole("link", { name: "Later" }).click();
  for (const time of ["09:00", "09:30", "10:00", "10:30"]) {
    const cell = them.getByRole("checkbox", { name: new RegExp(`^Wednesday .*, ${time}$`) });
    if (scripts) {
      // Moving among the half hours with the keyboard works too.
      await cell.focus();
      await them.keyboard.press("Space");
    } else await them.locator("label").filter({ has: cell }).click();
    await expect(cell).toBeChecked();
  }
  await them.getByRole("button", { name: "Save these times" }).click();
  await expect(them.getByText("Saved. Ana Alvarez is told")).toBeVisible();
  await expect(them.getByRole("checkbox", { checked: true })).toHaveCount(4);
  expect(await them.evaluate(() => document.documentElement.scrollWidth), "nothing sticks out").toBeLessThanOrEqual(390);

  await page.goto(url);
  await expect(page.getByText("gave times just now")).toBeVisible();
  const candidate = await visitor();
  const wednesday = (await them.getByRole("checkbox", { checked: true }).first().inputValue()).slice(0, 10);
  await candidate.goto(`${link}?tz=Europe/Berlin&day=${wednesday}`);
  // 45 minutes fit into two hours six times.
  await expect(times(candidate)).toHaveCount(6);
  await expect(times(candidate).first()).toHaveAccessibleName(/^09:00/);

  await them.locator("label").filter({ has: them.getByRole("checkbox", { checked: true }) }).first().click();
  await them.getByRole("button", { name: "Save these times" }).click();
  await expect(them.getByRole("checkbox", { checked: true })).toHaveCount(3);
  await candidate.reload();
  await expect(times(candidate)).toHaveCount(4);
});

test("invitations are sent to many, sent again and withdrawn", async ({ page, visitor }) => {
  await signIn(page, ANA);
  const [one, two] = [newAddress(), newAddress()];
  await page.goto("/people/invite");
  await page.getByLabel("Addresses").fill(`${one}, nobody@`);
  await page.getByRole("button", { name: "Send invitations" }).click();
  await expect(page.getByText('"nobody@" is not an address. Nobody was invited yet.')).toBeVisible();
  await expect(page.getByLabel("Addresses")).toHaveValue(`${one}, nobody@`);
  await invite(page, [one, two]);
  await expect(page.getByText("2 invitations are on their way.")).toBeVisible();
  const line = page.getByRole("listitem").filter({ hasText: one });
  await line.getByRole("button", { name: "Send again" }).click();
  await page.waitForURL(/news=asked/);
  const them = await visitor();
  const link = await invitationOf(them, one);
  expect((await them.goto(link))!.status()).toBe(200);
  await line.getByRole("button", { name: "Withdraw" }).click();
  await expect(page.getByText("The invitation is withdrawn.")).toBeVisible();
  expect((await them.goto(link))!.status()).toBe(410);
  await expect(them.getByText("This invitation was withdrawn.")).toBeVisible();
});
