// axe on every page, light and dark. It is a script itself, so it cannot look at a browser without.
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { ANA, BEN, TOM, expect, test } from "./support/world";
import { bookFirst, consent, createRequest, invitationOf, invite, newAddress } from "./support/steps";

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
    test.setTimeout(420_000);
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

    await page.goto("/people/invite");
    const guest = newAddress();
    await invite(page, [guest]);
    await judge(page, "inviting people");
    const them = await visitor();
    await them.setViewportSize(viewport);
    const invitation = await invitationOf(them, guest);
    for (const path of ["", "/times"]) {
      await them.goto(invitation + path);
      await judge(them, "an invitation" + path);
    }
    for (const path of ["/settings", "/settings/calendar", "/settings/calendar?disconnect=google", "/welcome?step=1", "/welcome?step=2", "/welcome?step=3", "/admin", "/admin/integrations/calendar", "/admin/audit", "/admin/audit?q=nobody+did+this", "/settings/notifications", "/settings/sessions", "/settings/sessions?end=all"]) {
      await page.goto(path);
      await judge(page, path);
    }

    await page.goto(url);
    await judge(page, "a booked request");
    await page.goto(url + "/move");
    await judge(page, "moving an interview");
    await page.goto(url + "?dialog=cancel");
    await judge(page, "the cancel dialog");
  });
}
