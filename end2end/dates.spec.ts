// Somebody is away on some days, and nobody is offered a time with them then.
import { ANA, BEN, expect, test, type Coordinator } from "./support/world";
import { createRequest, signIn, times } from "./support/steps";

const ben: Coordinator = { email: BEN, name: "Ben Okafor", provider: "Google", zone: "" };

function inDays(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
}

test("days off are kept, changed and removed, and count in what is offered", async ({ page, visitor }) => {
  const theirs = await visitor("America/New_York");
  await signIn(theirs, ben, "/settings");
  // As his calendar says.
  const zone = await theirs.getByLabel("Time zone").inputValue();
  const form = theirs.getByRole("form", { name: "Add dates" });
  await test.step("mistakes are named where they are, and what was typed stays", async () => {
    await form.getByLabel("First day").fill(inDays(20));
    await form.getByLabel("Last day").fill(inDays(15));
    await form.getByRole("button", { name: "Add dates" }).click();
    await expect(theirs.getByText("The last day is before the first.")).toBeVisible();
    await expect(form.getByLabel("First day")).toHaveValue(inDays(20));
    await form.getByLabel("Last day").fill(inDays(21));
    await form.getByText("Other hours", { exact: true }).click();
    await form.getByLabel("Hours, from").fill("12:00");
    await form.getByLabel("Hours, to").fill("09:00");
    await form.getByRole("button", { name: "Add dates" }).click();
    await expect(theirs.getByText("The day ends before it starts.")).toBeVisible();
  });

  const list = theirs.getByRole("list", { name: "Dates with other hours" });
  await test.step("a range of days off", async () => {
    await theirs.goto("/settings");
    await form.getByLabel("First day").fill(inDays(2));
    await form.getByLabel("Last day").fill(inDays(16));
    await form.getByRole("button", { name: "Add dates" }).click();
    await theirs.waitForURL(/news=saved/);
    await expect(list.getByRole("listitem")).toHaveCount(1);
    await expect(list).toContainText("Day off");
  });

  await signIn(page, ANA);
  const { link } = await createRequest(page, { interviewers: [BEN], from: inDays(3), to: inDays(15) });
  const candidate = await visitor(zone);
  await candidate.goto(link);
  await expect(times(candidate)).toHaveCount(0);

  await test.step("changed to other hours, and those are offered", async () => {
    await list.getByRole("link", { name: /^Change/ }).click();
    const change = theirs.getByRole("form", { name: /^Change/ });
    await expect(change.getByLabel("First day")).toHaveValue(inDays(2));
    await change.getByText("Other hours", { exact: true }).click();
    await change.getByLabel("Hours, from").fill("20:00");
    await change.getByLabel("Hours, to").fill("00:00");
    await change.getByRole("button", { name: "Save dates" }).click();
    await theirs.waitForURL(/news=saved/);
    await expect(list).toContainText("20:00-24:00");
    await candidate.goto(`${link}?tz=${zone}`);
    await expect(times(candidate).first()).toBeVisible();
    for (const radio of await times(candidate).all()) {
      const start = new Date(await radio.inputValue());
      const hour = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit" }).format(start);
      expect(Number(hour)).toBeGreaterThanOrEqual(20);
    }
  });

  await list.getByRole("button", { name: /^Remove/ }).click();
  await theirs.waitForURL(/news=saved/);
  await expect(list).toHaveCount(0);
});
