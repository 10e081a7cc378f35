// The judge of changes at Google: sync tokens and watch channels, by Google's own Node library and a server that is pushed to.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { ANA, BEN, RAJ, AUTH, clients, hours, meeting, nextMonday, refused } from "./google.mjs";
import { receiver } from "./receiver.mjs";
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

const primary = { calendarId: "primary" };
const list = (options = {}, who = ana) => who.events.list({ ...primary, ...options }).then(({ data }) => data);
const insert = (extra = {}, options = {}) =>
  ana.events.insert({ ...primary, requestBody: meeting(extra), ...options }).then(({ data }) => data);
/** Every page of a list: all items, and the token of the last page. */
async function all(options = {}, who = ana) {
  const items = [];
  for (let pageToken; ; ) {
    const page = await list({ ...options, pageToken }, who);
    items.push(...page.items);
    assert.ok(!page.nextPageToken !== !page.nextSyncToken, "a page has one of the two tokens");
    if (!page.nextPageToken) return { items, token: page.nextSyncToken };
    pageToken = page.nextPageToken;
  }
}
const ids = (items) => items.map(({ id }) => id);

describe("sync tokens", () => {
  test("a full read in pages gives one token, and then only what changed", async () => {
    const { items, token } = await all({ maxResults: 40, singleEvents: true });
    assert.ok(items.length > 80);
    assert.equal(new Set(ids(items)).size, items.length);
    const quiet = await list({ singleEvents: true, syncToken: token });
    assert.deepEqual(quiet.items, []);

    const made = await insert();
    const first = await list({ singleEvents: true, syncToken: token });
    assert.deepEqual(ids(first.items), [made.id]);
    assert.equal(first.items[0].summary, made.summary);
    await ana.events.patch({ ...primary, eventId: made.id, requestBody: { summary: "Later" } });
    await ana.events.patch({ ...primary, eventId: made.id, requestBody: { summary: "Latest" } });
    const second = await list({ singleEvents: true, syncToken: first.nextSyncToken });
    assert.deepEqual(second.items.map(({ summary }) => summary), ["Latest"], "each once, as it is now");

    await ana.events.delete({ ...primary, eventId: made.id });
    const third = await list({ singleEvents: true, syncToken: second.nextSyncToken });
    assert.deepEqual(Object.keys(third.items[0]).sort(), ["etag", "id", "kind", "status"], "only the id is certain");
    assert.deepEqual([third.items[0].id, third.items[0].status], [made.id, "cancelled"]);
    // An old token still works, and tells the same again.
    assert.deepEqual(ids((await list({ singleEvents: true, syncToken: token })).items), [made.id]);
  });

  test("changes between two pages are told, and nothing is lost", async () => {
    const { items } = await all({ maxResults: 2500 });
    const first = await list({ maxResults: 50 });
    const [gone, changed] = [first.items[3], items[items.length - 1]];
    await ana.events.delete({ ...primary, eventId: gone.id });
    const made = await insert();
    const seen = [...first.items];
    let page = first;
    while (page.nextPageToken) seen.push(...(page = await list({ maxResults: 50, pageToken: page.nextPageToken })).items);
    const missed = ids(items).filter((id) => !ids(seen).includes(id));
    assert.deepEqual(missed, [], "a deletion moves no page");
    assert.ok(ids(seen).includes(changed.id));
    const next = await all({ syncToken: page.nextSyncToken, maxResults: 1 });
    assert.deepEqual(ids(next.items).sort(), [gone.id, made.id].sort());
  });

  test("changes by guests, other providers and by hand are told too", async () => {
    const { token } = await all();
    const { token: bens } = await all({}, ben);
    const event = await insert({ attendees: [{ email: BEN }, { email: RAJ }] }, { sendUpdates: "all" });
    const [invited] = (await list({ syncToken: bens }, ben)).items;
    assert.equal(invited.id, event.id);
    await ben.events.patch({ ...primary, eventId: event.id, requestBody: { attendees: [{ email: BEN, responseStatus: "accepted" }] } });
    const answered = await list({ syncToken: token });
    assert.equal(answered.items[0].attendees.find(({ email }) => email === BEN).responseStatus, "accepted");
    const fields = { calendar: ANA, event: event.id };
    const post = (path, body) => fetch(`${box.front}/calendars/${ANA}/${path}`, { method: "POST", body: new URLSearchParams(body), redirect: "manual" });
    await post("move", { ...fields, start: `${hours(nextMonday(), -20).slice(0, 10)}T09:30` });
    const moved = await list({ syncToken: answered.nextSyncToken });
    assert.match(moved.items[0].start.dateTime, /T09:30:00/);
    await post("delete", fields);
    assert.equal((await list({ syncToken: moved.nextSyncToken })).items[0].status, "cancelled");
    assert.equal((await list({ syncToken: bens }, ben)).items[0].status, "cancelled");
  });

  test("a first read may be bounded in time, and the token remembers it", async () => {
    const timeMin = hours(nextMonday(), 0);
    const { items, token } = await all({ timeMin, singleEvents: true });
    assert.ok(items.length > 0 && items.length < (await all({ singleEvents: true })).items.length);
    const early = await insert({ start: { dateTime: hours(nextMonday(), -50) }, end: { dateTime: hours(nextMonday(), -49) } });
    const late = await insert({ start: { dateTime: hours(nextMonday(), 2) }, end: { dateTime: hours(nextMonday(), 3) } });
    const told = await list({ singleEvents: true, syncToken: token });
    assert.ok(ids(told.items).includes(late.id) && !ids(told.items).includes(early.id));
    // What was inside and has left is told where it is now.
    const start = { dateTime: hours(nextMonday(), -60) };
    await ana.events.patch({ ...primary, eventId: late.id, requestBody: { start, end: { dateTime: hours(nextMonday(), -59) } } });
    assert.deepEqual(ids((await list({ singleEvents: true, syncToken: told.nextSyncToken })).items), [late.id]);
  });

  test("what cannot stand beside a token is refused", async () => {
    const { token: syncToken } = await all({ singleEvents: true });
    for (const extra of [
      { timeMin: hours(nextMonday(), 0) }, { timeMax: hours(nextMonday(), 0) }, { updatedMin: hours(nextMonday(), -300) }, { q: "x" },
      { orderBy: "updated" }, { iCalUID: "x" }, { privateExtendedProperty: ["a=b"] }, { sharedExtendedProperty: ["a=b"] }, { showDeleted: false },
    ]) await refused(list({ singleEvents: true, syncToken, ...extra }), 400, "invalid");
    await refused(list({ syncToken }), 400, "invalidParameter");
    await refused(ben.events.list({ ...primary, singleEvents: true, syncToken }), 400, "invalidParameter");
    assert.equal((await list({ singleEvents: true, syncToken, showDeleted: true })).items.length, 0);
    for (const extra of [{ q: "x" }, { singleEvents: true, orderBy: "startTime" }]) {
      assert.equal((await list({ maxResults: 2500, ...extra })).nextSyncToken, undefined, "no token for this");
    }
  });

  test("a token ends on demand, for one person or all, and with the world", async () => {
    const { token: syncToken } = await all();
    const { token: bens } = await all({}, ben);
    await box.control("POST", "cursors/expire", { provider: "google", account: ANA });
    await refused(list({ syncToken }), 410, "fullSyncRequired");
    await list({ syncToken: bens }, ben);
    await list({ syncToken: (await all()).token });
    await box.control("POST", "cursors/expire", { provider: "google", reason: "updatedMinTooLongAgo" });
    await refused(list({ syncToken: bens }, ben), 410, "updatedMinTooLongAgo");
    await refused(list({ syncToken: "nonsense" }), 410, "updatedMinTooLongAgo");
    const { token: old } = await all();
    await box.reset();
    ana = await calendarFor(ANA);
    await refused(list({ syncToken: old }), 410, "fullSyncRequired");
    await assert.rejects(box.control("POST", "cursors/expire", { provider: "google", reason: "SyncStateNotFound" }), /422/);
  });
});

describe("watch channels", () => {
  let hooks;
  afterEach(() => hooks?.stop());
  let counter = 0;
  const watch = (extra = {}, who = ana, options = {}) => {
    const requestBody = { id: `channel-${Date.now()}-${counter++}`, type: "web_hook", address: `${hooks.url}/hook`, token: "secret", ...extra };
    return who.events.watch({ ...primary, ...options, requestBody }).then(({ data }) => data);
  };
  const state = (one) => one.headers["x-goog-resource-state"];
  const changes = (one) => state(one) === "exists";
  const pushes = async (query = "") => (await box.control("GET", `pushes${query}`)).pushes;

  test("the first message comes before the answer, and each change brings another", async () => {
    hooks = await receiver();
    const channel = await watch();
    assert.equal(hooks.arrived.length, 1, "sync is here already");
    assert.equal(channel.kind, "api#channel");
    assert.match(channel.expiration, /^\d{13}$/);
    assert.ok(Math.abs(Number(channel.expiration) - Date.now() - 7 * 86_400_000) < 60_000, "a week");
    const [sync] = hooks.arrived;
    assert.equal(sync.method, "POST");
    assert.equal(sync.text, "");
    const heard = (one) => Object.fromEntries(Object.entries(one.headers).filter(([name]) => name.startsWith("x-goog-")));
    assert.deepEqual(heard(sync), {
      "x-goog-channel-id": channel.id,
      "x-goog-channel-expiration": new Date(Math.floor(Number(channel.expiration) / 1000) * 1000).toUTCString(),
      "x-goog-channel-token": "secret",
      "x-goog-message-number": "1",
      "x-goog-resource-id": channel.resourceId,
      "x-goog-resource-state": "sync",
      "x-goog-resource-uri": channel.resourceUri,
    });
    assert.ok(channel.resourceUri.endsWith(`/calendar/v3/calendars/${encodeURIComponent(ANA).replaceAll(".", "%2E")}/events?alt=json`));

    const event = await insert({ attendees: [{ email: BEN }] });
    await hooks.next(1, changes);
    await ben.events.patch({ ...primary, eventId: event.id, requestBody: { attendees: [{ email: BEN, responseStatus: "declined" }] } });
    await hooks.next(2, changes);
    await fetch(`${box.front}/calendars/${ANA}/delete`, { method: "POST", body: new URLSearchParams({ calendar: ANA, event: event.id }), redirect: "manual" });
    const told = await hooks.next(3, changes);
    const numbers = [sync, ...told].map((one) => Number(one.headers["x-goog-message-number"]));
    assert.ok(numbers.every((number, at) => at === 0 || number > numbers[at - 1]), `${numbers}`);
    const recorded = await pushes(`?channel=${channel.id}`);
    assert.deepEqual(recorded.map(({ kind, outcome }) => [kind, outcome]), [["sync", "delivered"], ...Array(3).fill(["change", "delivered"])]);
    assert.ok(!JSON.stringify(recorded).includes("secret"), "tokens are left out");
    assert.deepEqual((await box.control("GET", "channels")).channels.map(({ id, account }) => [id, account]), [[channel.id, ANA]]);
  });

  test("a change elsewhere is no news, a calendar that is deleted is the last", async () => {
    hooks = await receiver();
    const { data: calendar } = await ana.calendars.insert({ requestBody: { summary: "Scheduler" } });
    const channel = await watch({}, ana, { calendarId: calendar.id });
    await insert();
    await ana.events.insert({ calendarId: calendar.id, requestBody: meeting() });
    await hooks.next(2);
    await ana.calendars.delete({ calendarId: calendar.id });
    const [, , last] = await hooks.next(3);
    assert.equal(state(last), "not_exists");
    await refused(ana.channels.stop({ requestBody: { id: channel.id, resourceId: channel.resourceId } }), 404, "notFound");
  });

  test("it is stopped by who opened it, and ends by itself", async () => {
    hooks = await receiver();
    const channel = await watch({ params: { ttl: "3600" } });
    assert.ok(Math.abs(Number(channel.expiration) - Date.now() - 3_600_000) < 60_000);
    const longer = await watch({ params: { ttl: "99999999" } });
    assert.ok(Number(longer.expiration) - Date.now() <= 7 * 86_400_000);
    const stop = (who, { id, resourceId }) => who.channels.stop({ requestBody: { id, resourceId } });
    await refused(stop(ben, channel), 404, "notFound");
    await refused(stop(ana, { ...channel, resourceId: "other" }), 404, "notFound");
    assert.equal((await stop(ana, longer)).status, 204);
    await refused(stop(ana, longer), 404, "notFound");
    await insert();
    await hooks.next(1, changes);
    assert.deepEqual(hooks.arrived.filter(changes).map(({ headers }) => headers["x-goog-channel-id"]), [channel.id]);
    await box.advance(3600);
    assert.deepEqual((await box.control("GET", "channels")).channels, []);
    ana = await calendarFor(ANA);
    await refused(stop(ana, channel), 404, "notFound");
    const third = await watch();
    await box.control("POST", "channels/expire", { provider: "google", account: ANA });
    hooks.forget();
    await insert();
    await list();
    assert.deepEqual((await pushes(`?channel=${third.id}`)).map(({ kind }) => kind), ["sync"]);
  });

  test("what is wrong with a request is said", async () => {
    hooks = await receiver();
    const channel = await watch();
    await refused(watch({ id: channel.id }), 400, "channelIdNotUnique");
    await refused(watch({ id: undefined }), 400, "required");
    await refused(watch({ id: "with space" }), 400, "invalid");
    await refused(watch({ id: "x".repeat(65) }), 400, "invalid");
    await refused(watch({ type: undefined }), 400, "required");
    await refused(watch({ type: "pubsub" }), 400, "invalid");
    await refused(watch({ address: "http://app.example.com/hook" }), 400, "push.webhookUrlNotHttps");
    await refused(watch({ token: "x".repeat(257) }), 400, "invalid");
    await refused(watch({ expiration: String(Date.now() - 1000) }), 400, "invalid");
    await refused(watch({}, ben, { calendarId: ANA }), 404, "notFound");
    await refused(watch({}, await calendarFor(ANA, [`${AUTH}calendar.freebusy`])), 403, "insufficientPermissions");
    const elsewhere = await watch({ address: "https://app.example.com/hook" });
    const [push] = await pushes(`?channel=${elsewhere.id}`);
    assert.deepEqual([push.outcome, push.attempts], ["not_sent", []], "nothing leaves the machine");
  });

  test("some answers bring it again, others do not", async () => {
    const answers = [204, 503, 500, 202, 404];
    hooks = await receiver({ answer: (_, { length }) => answers[length] });
    const channel = await watch();
    await insert();
    const tries = await hooks.next(3, changes);
    assert.equal(new Set(tries.map((one) => one.headers["x-goog-message-number"])).size, 1, "the same message");
    await insert();
    await hooks.next(4, changes);
    let [, again, never] = await pushes(`?channel=${channel.id}`);
    while (never?.outcome !== "refused") [, again, never] = await pushes(`?channel=${channel.id}`);
    assert.deepEqual([again.attempts.map(({ status }) => status), again.outcome], [[503, 500, 202], "delivered"]);
    assert.deepEqual(never.attempts.map(({ status }) => status), [404]);
  });

  test("pushes are lost, doubled, delayed and overtaken by switch", async () => {
    hooks = await receiver();
    const channel = await watch();
    const fault = (kind, extra = {}) => box.fault({ provider: "google", kind, times: 1, ...extra });
    const numbers = () => hooks.arrived.filter(changes).map((one) => Number(one.headers["x-goog-message-number"]));
    await fault("push_drop");
    await insert();
    const last = async () => (await pushes(`?channel=${channel.id}`)).at(-1);
    while ((await last()).kind !== "change");
    assert.deepEqual([(await last()).outcome, (await last()).faults], ["dropped", ["push_drop"]]);
    assert.deepEqual(numbers(), []);
    await fault("push_duplicate", { copies: 3 });
    await insert();
    await hooks.next(3, changes);
    assert.equal(new Set(numbers()).size, 1);
    hooks.forget();
    await fault("push_reorder");
    await insert();
    while (!(await last()).faults.includes("push_reorder"));
    await insert();
    await hooks.next(2, changes);
    assert.ok(numbers()[0] > numbers()[1], `${numbers()}`);
    hooks.forget();
    await fault("push_delay", { ms: 700, account: ANA });
    await insert();
    while (!(await last()).faults.includes("push_delay"));
    await insert();
    await hooks.next(2, changes);
    assert.ok(numbers()[0] > numbers()[1], `${numbers()}`);
    await assert.rejects(box.fault({ provider: "apple", kind: "push_drop" }), /422 apple pushes nothing/);
    await assert.rejects(box.fault({ provider: "google", kind: "push_duplicate", copies: 1 }), /422 copies/);
  });

  test("a storm pushes without a change", async () => {
    hooks = await receiver();
    await watch();
    await watch({}, ben);
    assert.equal((await box.control("POST", "pushes/storm", { provider: "google", copies: 50 })).pushes, 100);
    const all = await hooks.next(100, changes);
    assert.equal(new Set(all.map(({ headers }) => headers["x-goog-channel-id"])).size, 2);
    await assert.rejects(box.control("POST", "pushes/storm", { copies: 1_000_000 }), /422/);
  });
});
