// A coordinator swaps somebody on a booked interview; calendar, mail and page follow.
import { ANA, BEN, expect, test } from "./support/world";
import { bookFirst, createRequest, signIn } from "./support/steps";

/** Nobody knows when she is free: she may come once the coordinator has asked her. */
const ZOE = "zoe.park@gmail.example";

test("somebody comes instead, for a reason that is kept", async ({ page, visitor, world }) => {
  await signIn(page, ANA);
  const { url, link, email } = await createRequest(page, { interviewers: [BEN] });
  await bookFirst(await visitor(), link);
  await expect(async () => {
    await page.goto(url);
    await expect(page.getByText("In calendar").first()).toBeVisible({ timeout: 500 });
  }).toPass();
  await page.getByRole("link", { name: "Swap" }).click();
  await expect(page.getByRole("heading", { name: "Swap Ben Okafor", level: 1 })).toBeVisible();
  await page.getByText("Zoe Park").click();
  await page.getByRole("textbox", { name: "Reason" }).fill("Ben is travelling");
  await page.getByRole("button", { name: "Swap" }).click();
  // Unknown is not free.
  await expect(page.getByRole("heading", { name: "Swap Ben Okafor", level: 1 })).toBeVisible();
  await expect(page.getByRole("textbox", { name: "Reason" })).toHaveValue("Ben is travelling");
  await page.getByText("I have asked them, and they can come").click();
  await page.getByRole("button", { name: "Swap" }).click();
  await page.waitForURL(/\/requests\/req_[^/]+$|\/requests\/req_[^/]+\?/);
  await expect(page.getByText("sits in this interview").first()).toBeVisible();
  await expect(page.getByText("In place of Ben: Ben is travelling")).toBeVisible();
  // Ana's event invites Zoe now, and Ben no longer.
  await expect(async () => {
    const [event] = await world.invitations(ANA.email, email);
    const guests = event!.attendees.map((guest) => guest.email);
    expect(guests).toContain(ZOE);
    expect(guests).not.toContain(BEN);
  }).toPass();
});
