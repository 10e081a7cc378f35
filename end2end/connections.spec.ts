// UC-455, flow by flow: connecting a calendar and everything that can go wrong with it. Each project has people of its own, who
// signed up alone in the other demo.
import { expect, test, withAts, Sandbox } from "./support/world";
import type { Page } from "@playwright/test";

test.use({ baseURL: withAts.convene, actionTimeout: 15_000 });
test.describe.configure({ mode: "serial", timeout: 60_000 });

const PAGE = "/settings/calendar";

function people(scripts: boolean) {
  return scripts
    ? { google: "leo.martin@gmail.example", outlook: "hugo.silva@outlook.example" }
    : { google: "zoe.park@gmail.example", outlook: "mia.rossi@outlook.example" };
}

/** Past the provider's pages, and back. */
async function agree(page: Page, email: string): Promise<void> {
  const account = page.getByRole("button", { name: email, exact: true });
  const button = page.getByRole("button", { name: "Allow" });
  // A provider that is told whose calendar it is does not ask which account.
  await account.or(button).first().waitFor();
  if (await account.isVisible()) await account.click();
  const asked = button.waitFor().then(() => true, () => false);
  const back = page.waitForURL(`${withAts.convene}/**`).then(() => false, () => false);
  if (await Promise.race([asked, back])) await button.click();
  await page.waitForURL(`${withAts.convene}/**`);
}

/** The same, for another account than the one the provider was told of. */
async function agreeAs(page: Page, email: string): Promise<void> {
  await page.getByRole("button", { name: "Allow" }).waitFor();
  await page.goto(page.url().replace(/&login_hint=[^&]*/, ""));
  await agree(page, email);
}

/** Signs in, up the first time, and looks at the calendars. */
async function atCalendars(page: Page, email: string): Promise<void> {
  await page.goto(`/signin?return_to=${encodeURIComponent(PAGE)}`);
  await page.getByRole("button", { name: "Continue with Google" }).click();
  await agree(page, email);
  await page.goto(PAGE);
  await expect(page.getByRole("heading", { name: "Settings", level: 1 })).toBeVisible();
}

function card(page: Page, name: string) {
  return page.getByRole("region", { name, exact: true });
}

async function disconnect(page: Page, name: string): Promise<void> {
  await card(page, name).getByRole("link", { name: "Disconnect" }).click();
  const dialog = page.getByRole("dialog", { name: new RegExp(`Disconnect ${name}`) });
  await dialog.getByRole("button", { name: "Disconnect" }).click();
  await expect(page.getByText("Disconnected. Convene no longer reads this calendar.")).toBeVisible();
}

test("basic flow: connect, choose what is read and where interviews go", async ({ page, scripts }) => {
  const { google } = people(scripts);
  await atCalendars(page, google);
  await disconnect(page, "Google Calendar");
  const connect = card(page, "Google Calendar").getByRole("button", { name: "Connect Google Calendar" });
  await connect.click();
  await agree(page, google);
  await expect(page).toHaveURL(new RegExp(PAGE));
  const google_card = card(page, "Google Calendar");
  await expect(google_card.getByText("Connected", { exact: true })).toBeVisible();
  await expect(google_card.getByText(`${google}, since`)).toBeVisible();
  await expect(google_card.getByText(/Last synced/)).toBeVisible();

  const boxes = google_card.getByRole("checkbox");
  await expect(boxes.first()).toBeChecked();
  await boxes.first().uncheck();
  await google_card.getByRole("button", { name: "Save calendars" }).click();
  await expect(page.getByText("Choose at least one calendar, or disconnect this account.")).toBeVisible();
  await card(page, "Google Calendar").getByRole("checkbox").first().check();

  // A calendar of our own takes one more permission, asked for now.
  await card(page, "Google Calendar").getByLabel("Put interviews in").selectOption({ label: "Convene (a calendar of its own)" });
  await card(page, "Google Calendar").getByRole("button", { name: "Save calendars" }).click();
  await agree(page, google);
  await expect(card(page, "Google Calendar").getByLabel("Put interviews in")).toHaveValue("ours");
  await card(page, "Google Calendar").getByRole("button", { name: "Save calendars" }).click();
  await expect(page.getByText("Saved. It holds from now on.")).toBeVisible();
  const chosen = card(page, "Google Calendar").getByLabel("Put interviews in").locator("option:checked");
  await expect(chosen).toHaveText("Convene");
  await card(page, "Google Calendar").getByRole("button", { name: "Sync now" }).click();
  await expect(page.getByText("Read just now.")).toBeVisible();
});

test("AF-1: a sign-in that expired is told on every page, and mended by one button", async ({ page, request, scripts }) => {
  const { google } = people(scripts);
  await atCalendars(page, google);
  const world = new Sandbox(request, withAts.sandbox);
  for (const kind of ["revoke", "expire_tokens"]) await world.fault({ provider: "google", kind, account: google });
  await card(page, "Google Calendar").getByRole("button", { name: "Sync now" }).click();
  await expect(card(page, "Google Calendar").getByText("Sign-in expired")).toBeVisible();
  for (const path of ["/dashboard", "/settings"]) {
    await page.goto(path);
    await expect(page.getByText("Google Calendar needs you to sign in again")).toBeVisible();
  }
  await page.getByRole("button", { name: "Reconnect" }).click();
  await agree(page, google);
  await expect(page).toHaveURL(/\/settings$/);
  await expect(page.getByText("needs you to sign in again")).toHaveCount(0);
  await page.goto(PAGE);
  await expect(card(page, "Google Calendar").getByText("Connected", { exact: true })).toBeVisible();
  const chosen = card(page, "Google Calendar").getByLabel("Put interviews in").locator("option:checked");
  await expect(chosen, "the same account keeps its settings").toHaveText("Convene");
});

test("reconnecting as another account asks first", async ({ page, request, scripts }) => {
  const { google } = people(scripts);
  const other = "eva.lindqvist@example.com";
  await atCalendars(page, google);
  const world = new Sandbox(request, withAts.sandbox);
  for (const kind of ["revoke", "expire_tokens"]) await world.fault({ provider: "google", kind, account: google });
  await card(page, "Google Calendar").getByRole("button", { name: "Sync now" }).click();
  await card(page, "Google Calendar").getByRole("button", { name: "Reconnect" }).click();
  await agreeAs(page, other);
  const dialog = page.getByRole("dialog", { name: `Connect ${other} instead of ${google}?` });
  await dialog.getByRole("link", { name: "Keep it" }).click();
  await expect(card(page, "Google Calendar").getByText(`${google}, since`), "nothing was changed").toBeVisible();

  await card(page, "Google Calendar").getByRole("button", { name: "Reconnect" }).click();
  await agreeAs(page, other);
  await dialog.getByRole("button", { name: "Switch account" }).click();
  await agree(page, other);
  await expect(card(page, "Google Calendar").getByText(`${other}, since`)).toBeVisible();

  // Back again, by way of disconnecting.
  await disconnect(page, "Google Calendar");
  await card(page, "Google Calendar").getByRole("button", { name: "Connect Google Calendar" }).click();
  await agree(page, google);
  await expect(card(page, "Google Calendar").getByText(`${google}, since`)).toBeVisible();
});

test("EF-1: access denied is said, nothing is changed, and the button is there again", async ({ page, request, scripts }) => {
  const { google } = people(scripts);
  await atCalendars(page, google);
  await disconnect(page, "Google Calendar");
  await new Sandbox(request, withAts.sandbox).fault({ provider: "google", kind: "revoke", account: google });
  await card(page, "Google Calendar").getByRole("button", { name: "Connect Google Calendar" }).click();
  await page.getByRole("button", { name: google, exact: true }).click();
  await page.getByRole("button", { name: "Deny" }).click();
  await expect(page.getByText("Access was not granted. Nothing was changed.")).toBeVisible();
  await card(page, "Google Calendar").getByRole("button", { name: "Connect Google Calendar" }).click();
  await agree(page, google);
  await expect(card(page, "Google Calendar").getByText("Connected", { exact: true })).toBeVisible();
});

test("EF-2: an answer that nobody asked for is refused", async ({ page, scripts }) => {
  const { google } = people(scripts);
  await atCalendars(page, google);
  const answer = await page.goto("/auth/google/callback?state=forged&code=4%2F0stolen");
  expect(answer?.status()).toBe(400);
  await expect(page.getByText("The sign-in could not be matched to this browser. Start again.")).toBeVisible();
  await page.goto(PAGE);
  await expect(card(page, "Google Calendar").getByText("Connected", { exact: true })).toBeVisible();
});

test("EF-3: a provider that is down while connecting is asked again, by us and by hand", async ({ page, request, scripts }) => {
  const { google } = people(scripts);
  await atCalendars(page, google);
  await disconnect(page, "Google Calendar");
  const world = new Sandbox(request, withAts.sandbox);
  await world.fault({ provider: "google", kind: "status", status: 503, match: { path_prefix: "/calendar/v3", account: google } });
  try {
    await card(page, "Google Calendar").getByRole("button", { name: "Connect Google Calendar" }).click();
    await agree(page, google);
    const broken = card(page, "Google Calendar");
    await expect(broken.getByText("Not answering")).toBeVisible();
    // Between two tries it says when the next one is.
    await expect(async () => {
      await page.goto(PAGE);
      await expect(broken.getByText(/did not answer when last asked.*asked again/)).toBeVisible({ timeout: 500 });
    }).toPass();
  } finally {
    await world.mend();
  }
  await card(page, "Google Calendar").getByRole("button", { name: "Sync now" }).click();
  await expect(card(page, "Google Calendar").getByText("Connected", { exact: true })).toBeVisible();
});

test("AF-2: disconnecting is confirmed, and the grant is handed back", async ({ page, request, scripts }) => {
  const { google } = people(scripts);
  await atCalendars(page, google);
  const world = new Sandbox(request, withAts.sandbox);
  const before = await world.lastRequest();
  await card(page, "Google Calendar").getByRole("link", { name: "Disconnect" }).click();
  await page.getByRole("dialog").getByRole("link", { name: "Keep it" }).click();
  await expect(card(page, "Google Calendar").getByText("Connected", { exact: true })).toBeVisible();
  await disconnect(page, "Google Calendar");
  await expect(card(page, "Google Calendar").getByText("Connected", { exact: true })).toHaveCount(0);
  await expect(async () => {
    const asked = await world.requestsSince(before);
    const revoked = asked.filter((one) => one.method === "POST" && one.path === "/revoke");
    expect(revoked.map((one) => one.status)).toEqual([200]);
  }).toPass();
  await card(page, "Google Calendar").getByRole("button", { name: "Connect Google Calendar" }).click();
  await agree(page, google);
});

test("Apple Calendar: an app-specific password, refused and then taken", async ({ page, scripts }) => {
  const { google } = people(scripts);
  const apple = scripts
    ? { email: "mei.tanaka@icloud.example", password: "kumo-asag-irih-oshi" }
    : { email: "noah.keller@icloud.example", password: "berg-seew-iese-bach" };
  await atCalendars(page, google);
  await card(page, "Apple Calendar").getByRole("link", { name: "Connect Apple Calendar" }).click();
  await page.getByLabel("Apple Account address or user name").fill(apple.email);
  await page.getByLabel("App-specific password").fill("aaaa-bbbb-cccc-dddd");
  await page.getByRole("button", { name: "Connect Apple Calendar" }).click();
  await expect(page.getByText("User name or app password refused.")).toBeVisible();
  await expect(page.getByLabel("Apple Account address or user name")).toHaveValue(apple.email);
  await expect(page.getByLabel("App-specific password"), "never shown again").toHaveValue("");
  await page.getByLabel("App-specific password").fill(apple.password);
  await page.getByRole("button", { name: "Connect Apple Calendar" }).click();
  const connected = card(page, "Apple Calendar");
  await expect(connected.getByText("Connected", { exact: true })).toBeVisible();
  await expect(connected.getByText(`${apple.email}, since`)).toBeVisible();
  await expect(connected.getByRole("checkbox").first()).toBeChecked();
  await connected.getByRole("button", { name: "Sync now" }).click();
  await expect(page.getByText("Read just now.")).toBeVisible();
  await disconnect(page, "Apple Calendar");
});

test("AF-3: where one calendar is wanted, a second one is a switch that is confirmed", async ({ page, scripts }) => {
  const { google, outlook } = people(scripts);
  await atCalendars(page, google);
  await page.goto("/admin/integrations/calendar");
  await page.getByRole("switch", { name: /One calendar account each/ }).check();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.waitForURL(/news=saved/);
  await page.goto(PAGE);
  await card(page, "Outlook").getByRole("link", { name: "Connect Outlook" }).click();
  const dialog = page.getByRole("dialog", { name: "Switch to Outlook?" });
  await expect(dialog.getByText(google)).toBeVisible();
  await dialog.getByRole("button", { name: "Switch to Outlook" }).click();
  await agree(page, outlook);
  await expect(card(page, "Outlook").getByText(`${outlook}, since`)).toBeVisible();
  await expect(card(page, "Google Calendar").getByRole("link", { name: "Connect Google Calendar" })).toBeVisible();
});
