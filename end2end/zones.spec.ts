// Zones on the candidate's page: whose clock is meant is always said, in the URL, beside each time, and when clocks change.
import { ANA, BEN, expect, test } from "./support/world";
import { chooseZone, choose, clock, consent, createRequest, times } from "./support/steps";
import { isoDate, nextChange } from "./support/clocks";

test.beforeEach(async ({ page }) => {
  await page.goto("/requests/new");
  await consent(page, ANA);
});

test("the zone is the browser's where scripts run, else the coordinator's, and stays in the URL", async ({ page, visitor, scripts }) => {
  const { link } = await createRequest(page, { interviewers: [BEN] });
  const candidate = await visitor("Asia/Kolkata");
  await candidate.goto(link);
  const select = candidate.getByLabel("Time zone");
  if (scripts) {
    // Chromium still calls it by its old name.
    await candidate.waitForURL((url) => ["Asia/Calcutta", "Asia/Kolkata"].includes(url.searchParams.get("tz") ?? ""));
    await expect(select).toHaveValue("Asia/Kolkata");
  } else {
    await expect(select).toHaveValue(ANA.zone);
  }
  await chooseZone(candidate, "Australia/Lord_Howe", scripts);
  await candidate.reload();
  await expect(select).toHaveValue("Australia/Lord_Howe");
  await candidate.goBack();
  await expect(select).toHaveValue(scripts ? "Asia/Kolkata" : ANA.zone);
});

test("each time is shown on both clocks", async ({ page, visitor }) => {
  const { link } = await createRequest(page, { interviewers: [BEN] });
  const candidate = await visitor();
  await candidate.goto(link + "?tz=Asia/Tokyo");
  const radio = times(candidate).first();
  const start = await radio.inputValue();
  await expect(radio).toHaveAccessibleName(clock(start, "Asia/Tokyo"));
  await expect(radio).toHaveAccessibleDescription(new RegExp(`${clock(start, ANA.zone)} in New York$`));
  await candidate.goto(link + `?tz=${ANA.zone}`);
  await expect(times(candidate).first()).toHaveAccessibleDescription("");
  // The booking and the request page name both zones as well.
  await candidate.goto(link + "?tz=Asia/Tokyo");
  const booked = await choose(candidate, 0);
  await candidate.getByRole("button", { name: "Confirm booking" }).click();
  await expect(candidate.getByText(new RegExp(`${clock(booked.start, "Asia/Tokyo")}-.*Tokyo`))).toBeVisible();
  await expect(candidate.getByText(new RegExp(`${clock(booked.start, ANA.zone)}-.*New York`))).toBeVisible();
});

test("a zone that does not exist is not believed", async ({ page, visitor }) => {
  const { link } = await createRequest(page, { interviewers: [BEN] });
  const candidate = await visitor();
  await candidate.goto(link + "?tz=Atlantis/Capital");
  await expect(candidate.getByLabel("Time zone")).toHaveValue(ANA.zone);
  await expect(times(candidate).first()).toBeVisible();
});

test("a day on which clocks change is announced", async ({ page, visitor }) => {
  const change = nextChange("Europe/Berlin");
  const day = 86_400_000;
  const { link } = await createRequest(page, {
    interviewers: [BEN],
    zone: "Europe/Berlin",
    from: isoDate(change - 3 * day),
    to: isoDate(change + 4 * day),
  });
  const candidate = await visitor();
  await candidate.goto(link + "?tz=Europe/Berlin");
  await expect(candidate.getByText(/clocks in Berlin go (forward|back) by an hour/)).toBeVisible();
  // Before and after the change, Ben's office hours are the same on his clocks.
  const hours = new Set<string>();
  for (const at of [change - 2 * day, change + 3 * day]) {
    await candidate.goto(`${link}?tz=Europe/Berlin&day=${isoDate(at)}`);
    const start = await times(candidate).first().inputValue();
    hours.add(clock(start, "Europe/Berlin"));
    await expect(times(candidate).first()).toHaveAccessibleName(clock(start, "Europe/Berlin"));
  }
  expect([...hours].every((hour) => hour >= "08:00" && hour < "18:00")).toBe(true);
});
