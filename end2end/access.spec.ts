// What people need who use a keyboard or a small screen. That no page breaks its own content security policy is judged in every
// spec: the watch over browsers' complaints in `support/world.ts` fails it.
import type { Page } from "@playwright/test";
import { ANA, BEN, TOM, expect, test } from "./support/world";
import { bookFirst, consent, createRequest, times, inDays } from "./support/steps";

test("no page scrolls sideways on a phone", async ({ visitor }) => {
  const phone = { viewport: { width: 320, height: 700 }, isMobile: true, hasTouch: true };
  const page = await visitor(ANA.zone, phone);
  // What sticks out of the page, if the page can be pushed at all.
  const sideways = (page: Page) =>
    page.evaluate(() => {
      scrollTo(1000, 0);
      const all = scrollX > 0 ? [...document.querySelectorAll("body *")] : [];
      const out = all.filter((one) => one.getBoundingClientRect().right + scrollX > document.documentElement.clientWidth);
      return [scrollX, ...out.map((one) => `${one.tagName}.${one.className}`)];
    });
  await page.goto("/requests/new");
  await consent(page, ANA);
  expect.soft(await sideways(page), "new request").toEqual([0]);
  const { url, link } = await createRequest(page, { interviewers: [BEN, TOM] });
  for (const path of [url, "/dashboard", "/requests", "/mailbox", "/signin", "/"]) {
    await page.goto(path);
    expect.soft(await sideways(page), path).toEqual([0]);
  }
  const candidate = await visitor("Europe/Berlin", phone);
  await candidate.goto(link);
  expect.soft(await sideways(candidate), "choosing a time").toEqual([0]);
  await bookFirst(candidate, link);
  expect.soft(await sideways(candidate), "booked").toEqual([0]);
});

test("a time is booked with the keyboard alone", async ({ page, visitor }) => {
  await page.goto("/requests/new");
  await consent(page, ANA);
  // A day on which other tests have booked nothing: there are several times to go through.
  const { link } = await createRequest(page, { interviewers: [BEN], from: inDays(14) });
  const candidate = await visitor();
  await candidate.goto(link);
  await expect(times(candidate).first()).toBeVisible();

  // The first stop leads past the head of the page.
  await candidate.keyboard.press("Tab");
  await expect(candidate.getByRole("link", { name: "Skip to content" })).toBeFocused();
  const focused = () => candidate.evaluate(() => {
    const element = document.activeElement!;
    const style = getComputedStyle(element.closest("label") ?? element);
    const own = getComputedStyle(element);
    const drawn = (s: CSSStyleDeclaration) => s.outlineStyle !== "none" || s.boxShadow !== "none";
    return { type: (element as HTMLInputElement).type ?? "", text: element.textContent!.trim(), drawn: drawn(style) || drawn(own) };
  });
  let stop = await focused();
  for (let tabs = 0; stop.type !== "radio" && tabs < 60; tabs += 1) {
    await candidate.keyboard.press("Tab");
    stop = await focused();
    expect.soft(stop.drawn, `focus can be seen on "${stop.text}"`).toBe(true);
  }
  expect(stop.type).toBe("radio");
  await candidate.keyboard.press("Space");
  await expect(times(candidate).first()).toBeChecked();
  await candidate.keyboard.press("ArrowDown");
  await expect(times(candidate).nth(1)).toBeChecked();
  await candidate.keyboard.press("Tab");
  await expect(candidate.getByRole("button", { name: "Confirm booking" })).toBeFocused();
  await candidate.keyboard.press("Enter");
  await expect(candidate.getByRole("heading", { name: "You're booked" })).toBeVisible();
});
