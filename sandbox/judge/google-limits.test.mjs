// The judge of what keeps requests waiting at Google: quotas, and requests that hang, seen by Google's own Node library.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { ANA, BEN, AUTH, clients, meeting, refused } from "./google.mjs";
import { startSandbox } from "./start.mjs";

let box, calendarFor, ana, ben;
before(async () => {
  box = await startSandbox();
  ({ calendarFor } = clients(box));
});
after(() => box?.stop());
beforeEach(async () => {
  await box.reset();
  ana = await calendarFor(ANA);
  ben = await calendarFor(BEN);
});

const list = (who) => who.calendarList.list();

describe("quotas", () => {
  test("one person is asked for so often in a minute, and everybody together", async () => {
    for (let n = 0; n < 700; n += 100) await Promise.all(Array.from({ length: 100 }, () => list(ana)));
    await box.control("POST", "quotas", { on: true });
    await refused(list(ana), 403, "userRateLimitExceeded");
    await list(ben);
    const { people, google_project } = await box.control("GET", "quotas");
    assert.deepEqual(
      people.map(({ account, in_window, used, refused }) => [account, in_window, used, refused > 0]),
      [[ANA, 700, 700, true], [BEN, 1, 1, false]],
    );
    // The library asks once more after a 403, which is refused too.
    assert.deepEqual(google_project, { in_window: 701, used: 701, refused: people[0].refused });
    await box.advance(60);
    await list(ana);
    await box.control("POST", "quotas", { on: true, limits: { google_project: 1 } });
    await refused(list(ben), 403, "rateLimitExceeded");
    await box.control("POST", "quotas", { on: true, limits: { google_project: 1, google_status: 429 } });
    await refused(list(ben), 429, "rateLimitExceeded");
    await box.control("DELETE", "quotas");
    await list(ben);
    await box.control("POST", "quotas", { on: false });
    for (let n = 0; n < 3; n++) await list(ben);
    await assert.rejects(box.control("POST", "quotas", { on: true, limits: { google_status: 500 } }), /422/);
    await assert.rejects(box.control("POST", "quotas", { on: true, limits: { google: 1 } }), /422/);
  });
});

describe("requests that hang", () => {
  const isThere = async (summary) => (await box.events(ANA)).some((event) => event.summary === summary);
  /** An insert whose client leaves after so long; how it ended. */
  async function insert(summary, leaves = 10_000) {
    const { access_token } = await box.token("google", ANA, [`${AUTH}calendar`]);
    return fetch(`${box.google}/calendar/v3/calendars/primary/events`, {
      method: "POST",
      headers: { authorization: `Bearer ${access_token}`, "content-type": "application/json" },
      body: JSON.stringify(meeting({ summary })),
      signal: AbortSignal.timeout(leaves),
    }).then(({ status }) => status, (error) => error.name);
  }
  const fault = (kind, ms) => box.fault({ provider: "google", kind, ms, times: 1 });
  const hung = async () => (await box.requests("?provider=google")).filter(({ faults }) => faults.length);

  test("a request hangs and was never carried out", async () => {
    await fault("hang_before_write", 200);
    assert.equal(await insert("never"), "TypeError");
    assert.equal(await isThere("never"), false);
    await fault("hang_before_write", 400);
    assert.equal(await insert("never either", 100), "TimeoutError");
    while ((await hung()).length < 2);
    assert.equal(await isThere("never either"), false);
    assert.deepEqual((await hung()).map(({ status, faults }) => [status, faults]), Array(2).fill([null, ["hang_before_write"]]));
  });

  test("a request hangs and was carried out", async () => {
    await fault("hang_after_write", 60_000);
    assert.equal(await insert("done", 300), "TimeoutError");
    assert.equal(await isThere("done"), true);
  });

  test("a request is carried out long after its client has left", async () => {
    await fault("late_write", 1500);
    assert.equal(await insert("late", 100), "TimeoutError");
    assert.equal(await isThere("late"), false);
    while ((await hung()).length < 1);
    assert.equal(await isThere("late"), true);
  });

  test("reads are met only if they are named", async () => {
    await fault("hang_before_write", 100);
    await list(ana);
    await box.fault({ provider: "google", kind: "hang_before_write", ms: 100, times: 1, match: { method: "GET" } });
    await assert.rejects(list(ana));
    await assert.rejects(fault("late_write", 700_000), /422 ms/);
  });
});
