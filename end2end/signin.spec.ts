// Signing in and out, and every way it can go wrong: each has its own page with a way back.
import { ANA, CHLOE, expect, sandbox, test } from "./support/world";
import { chooseAccount, consent, signIn } from "./support/steps";

test("a signed-out visitor is led to sign-in and back", async ({ page }) => {
  for (const path of ["/requests/new", "/dashboard", "/requests?show=done"]) {
    await page.goto(path);
    await expect(page).toHaveURL(/\/signin\?return_to=/);
    await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  }
  await consent(page, ANA);
  await expect(page).toHaveURL(/\/requests\?show=done$/);
});

test("nobody is led to another site after sign-in", async ({ page, baseURL }) => {
  await page.goto("/signin?return_to=" + encodeURIComponent("//example.com/"));
  await consent(page, ANA);
  expect(page.url().startsWith(`${baseURL}/`)).toBe(true);
});

test("signing out ends the session", async ({ page, context }) => {
  await signIn(page, CHLOE);
  const session = await context.cookies();
  await page.getByRole("button", { name: "Sign out" }).first().click();
  await expect(page).toHaveURL(/\/$/);
  await page.goto("/dashboard");
  await expect(page).toHaveURL(/\/signin/);
  // The session is over on the server too, not only forgotten by the browser.
  await context.addCookies(session);
  await page.goto("/dashboard");
  await expect(page).toHaveURL(/\/signin/);
});

for (const who of [ANA, CHLOE]) {
  test(`saying no to ${who.provider} changes nothing`, async ({ page, world }) => {
    await world.forgetConsent(who);
    await page.goto("/signin");
    await chooseAccount(page, who.provider, who.email);
    await page.getByRole("button", { name: "Deny" }).click();
    await expect(page.getByRole("heading", { name: "Access was not granted. Nothing was changed." })).toBeVisible();
    await wayBack(page);
    await page.goto("/dashboard");
    await expect(page).toHaveURL(/\/signin/);
  });
}

test("an answer with another state is refused", async ({ page }) => {
  const answer = await page.goto("/auth/google/callback?code=4%2Fabc&state=someone-elses-state");
  expect(answer!.status()).toBe(400);
  await expect(page.getByRole("heading", { name: "The sign-in could not be matched to this browser. Start again." })).toBeVisible();
  await wayBack(page);
});

test("an answer works once", async ({ page, context }) => {
  let callback = "";
  page.on("request", (request) => {
    if (request.url().includes("/auth/google/callback")) callback = request.url();
  });
  await signIn(page, ANA);
  expect(callback).not.toBe("");
  const answer = await page.goto(callback);
  expect(answer!.status()).toBe(400);
  await expect(page.getByRole("heading", { name: /could not be matched to this browser/ })).toBeVisible();
  await context.clearCookies();
  await page.goto("/dashboard");
  await expect(page).toHaveURL(/\/signin/);
});

test("an answer in another browser than the one that asked is refused", async ({ page, visitor, world }) => {
  await world.forgetConsent(ANA);
  await page.goto("/signin");
  await chooseAccount(page, ANA.provider, ANA.email);
  // Allow, without following the answer: it is carried to another browser instead.
  const form = page.locator("form").filter({ has: page.getByRole("button", { name: "Allow" }) });
  const action = await form.evaluate((form) => (form as HTMLFormElement).action);
  const fields = await form.locator("input").evaluateAll((inputs) => inputs.map((input) => [(input as HTMLInputElement).name, (input as HTMLInputElement).value]) as [string, string][]);
  const answered = await page.request.post(action, {
    data: new URLSearchParams([...fields, ["decision", "allow"]]).toString(),
    headers: { "content-type": "application/x-www-form-urlencoded" },
    maxRedirects: 0,
  });
  const callback = answered.headers()["location"]!;
  expect(callback).toContain("/auth/google/callback?");
  const other = await visitor();
  const answer = await other.goto(callback);
  expect(answer!.status()).toBe(400);
  await other.goto("/dashboard");
  await expect(other).toHaveURL(/\/signin/);
});

test("a provider that does not answer is named", async ({ page, world }) => {
  await world.fault({ provider: "google", kind: "status", status: 503, match: { path_prefix: "/token" } });
  await page.goto("/signin");
  await consent(page, ANA);
  await expect(page.getByRole("heading", { name: "Google could not be reached. Nothing was changed." })).toBeVisible();
  await wayBack(page);
  await world.mend();
  await signIn(page, ANA);
  expect(page.url()).not.toContain(sandbox);
});

/** From an error page there is always a way to start again. */
async function wayBack(page: import("@playwright/test").Page): Promise<void> {
  await page.getByRole("link", { name: "Sign-in page" }).click();
  await expect(page.getByRole("button", { name: "Continue with Google" })).toBeVisible();
}
