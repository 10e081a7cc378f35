// The applicant-tracking system: invisible where none is used, told everything where one is. (It has a demo of its own.)
import { ANA, BEN, expect, test, withAts } from "./support/world";
import { bookFirst, createRequest, signIn } from "./support/steps";

test("without one, nothing asks for it", async ({ page }) => {
  await signIn(page, ANA);
  const { url } = await createRequest(page, { interviewers: [BEN] });
  await page.goto("/requests/new");
  await expect(page.getByLabel("Application ID")).toHaveCount(0);
  await page.goto(url);
  await expect(page.getByText(/iCIMS|Application ID/)).toHaveCount(0);
});

test.describe("with iCIMS", () => {
  test.use({ baseURL: withAts.convene });

  test("notes say what became of an interview, once each, and an outage is told", async ({ page, visitor, request }) => {
    const notes = async (application: string): Promise<string[]> => {
      const answer = await request.get(`${withAts.sandbox}/control/icims/notes?application=${application}`);
      const { applications } = await answer.json();
      return applications.flatMap((one: { notes: { note: string }[] }) => one.notes.map(({ note }) => note));
    };
    await request.delete(`${withAts.sandbox}/control/icims/notes`);
    await page.goto("/signin?return_to=/requests/new");
    await page.getByRole("button", { name: "Continue with Google" }).click();
    await page.getByRole("button", { name: ANA.email, exact: true }).click();
    const allow = page.getByRole("button", { name: "Allow" });
    const form = page.getByRole("heading", { name: "New request", level: 1 });
    await expect(allow.or(form)).toBeVisible();
    if (await allow.isVisible()) await allow.click();
    await expect(form).toBeVisible();

    await page.getByLabel("Candidate name").fill("Priya Raman");
    await page.getByLabel("Candidate email").fill("priya.raman@example.net");
    await page.getByRole("combobox", { name: "Interviewers" }).or(page.getByRole("textbox", { name: "Interviewers" })).fill(BEN);
    await page.getByRole("button", { name: "Create request" }).click();
    await expect(page).toHaveURL(/\/requests\/new/);
    await page.getByLabel("Application ID").fill("20871");
    await page.getByRole("button", { name: "Create request" }).click();
    await page.waitForURL(/\/requests\/req_/);
    const url = page.url().split("?")[0]!;
    const link = await page.getByRole("textbox", { name: "Booking link" }).inputValue();
    await page.getByRole("button", { name: "Send to candidate" }).click();
    await expect(async () => {
      await page.goto(url);
      await expect(page.getByText(/Written to iCIMS/)).toHaveCount(1, { timeout: 500 });
    }).toPass();

    // It goes down: the booking stands, and the note waits.
    await request.post(`${withAts.sandbox}/control/faults`, { data: { provider: "icims", kind: "status", status: 503 } });
    await bookFirst(await visitor(), link);
    await expect(async () => {
      await page.goto(url);
      await expect(page.getByText("Waiting for iCIMS")).toBeVisible({ timeout: 500 });
    }).toPass();
    await request.delete(`${withAts.sandbox}/control/faults`);
    await expect(async () => {
      await page.goto(url);
      await expect(page.getByText(/Written to iCIMS/)).toHaveCount(2, { timeout: 500 });
    }).toPass({ timeout: 120_000 });
    const written = await notes("20871");
    expect(written.length).toBe(2);
    expect(new Set(written).size).toBe(2);
  });
});
