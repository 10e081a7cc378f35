// What assistive technology needs, on every page, light and dark; and that no page breaks its own content security policy
// (the watch over browsers' complaints in `support/world.ts` fails a spec that does).
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { ANA, BEN, TOM, expect, test } from "./support/world";
import { bookFirst, consent, createRequest, times } from "./support/steps";

async function judge(page: Page, name: string): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    // A mail's HTML is another document, in a frame without scripts.
    const { violations } = await new AxeBuilder({ page }).exclude("iframe").analyze();
    const grave = violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" ")} ${failureSummary}`));
    expect.soft(grave, `${name}, ${colorScheme}`).toEqual([]);
  }
}

for (const viewport of [{ width: 1280, height: 900 }, { width: 390, height: 844 }]) {
  test(`no page has a grave finding at ${viewport.width} px`, async ({ page, visitor }) => {
    test.setTimeout(180_000);
    await page.setViewportSize(viewport);
    for (const path of ["/", "/signin", "/signup", "/nowhere", "/mailbox"]) {
      await page.goto(path);
      await judge(page, path);
    }
    await page.goto("/requests/new");
    await consent(page, ANA);
    await judge(page, "the new request form");
    const { url, link, email } = await createRequest(page, { interviewers: [BEN, TOM] });
    await judge(page, "an open request");
    for (const path of ["/dashboard", "/requests", "/requests?show=done"]) {
      await page.goto(path);
      await judge(page, path);
    }
    await page.goto(url);
    await page.getByRole("button", { name: "Send to candidate" }).click();

    const candidate = await visitor();
    await candidate.setViewportSize(viewport);
    await candidate.goto(link);
    await judge(candidate, "choosing a time");
    await bookFirst(candidate, link);
    await judge(candidate, "booked");
    for (const page of ["/move", "/cancel"]) {
      await candidate.goto(new URL(link).pathname + page);
      await judge(candidate, page);
    }
    await candidate.goto("/mailbox?to=" + email);
    await judge(candidate, "mailbox");
    await candidate.getByRole("listitem").getByRole("link").first().click();
    await judge(candidate, "a mail");
    await candidate.goto("/book/" + "A".repeat(43));
    await judge(candidate, "an unknown link");

    await page.goto(url);
    await judge(page, "a booked request");
    await page.goto(url + "/move");
    await judge(page, "moving an interview");
    await page.goto(url + "?dialog=cancel");
    await judge(page, "the cancel dialog");
  });
}

test("no page scrolls sideways on a phone", async ({ page, visitor }) => {
  const phone = { width: 320, height: 700 };
  const sideways = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  await page.setViewportSize(phone);
  await page.goto("/requests/new");
  await consent(page, ANA);
  expect.soft(await sideways(page), "new request").toBe(0);
  const { url, link } = await createRequest(page, { interviewers: [BEN, TOM] });
  for (const path of [url, "/dashboard", "/requests", "/mailbox", "/signin", "/"]) {
    await page.goto(path);
    expect.soft(await sideways(page), path).toBe(0);
  }
  const candidate = await visitor();
  await candidate.setViewportSize(phone);
  await candidate.goto(link);
  expect.soft(await sideways(candidate), "choosing a time").toBe(0);
  await bookFirst(candidate, link);
  expect.soft(await sideways(candidate), "booked").toBe(0);
});

test("a time is booked with the keyboard alone", async ({ page, visitor }) => {
  await page.goto("/requests/new");
  await consent(page, ANA);
  const { link } = await createRequest(page, { interviewers: [BEN] });
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
