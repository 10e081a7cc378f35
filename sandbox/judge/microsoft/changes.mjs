// What changed in a calendar, and being told: delta queries, subscriptions and their notifications.

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { receiver } from "../receiver.mjs";
import { BEN, CHLOE, MIA, RAJ, assertType, at, box, draft, enc, graphAs, guest, plainAs, refused, when } from "./tools.mjs";

beforeEach(() => box.reset());

const window = (from = 0, until = 60) => `startDateTime=${at(from, "00:00:00")}Z&endDateTime=${at(until, "00:00:00")}Z`;
const start = (extra = "") => `/me/calendarView/delta?${window()}${extra}`;
const PREFER = 'IdType="ImmutableId", odata.maxpagesize=50';

/** A whole round with the SDK: every entry in order, and the link for the next. */
async function round(client, url, prefer = PREFER) {
  const values = [];
  for (let pages = 1; ; pages++) {
    const page = await client.api(url).header("Prefer", prefer).get();
    values.push(...page.value);
    assert.ok(!page["@odata.nextLink"] !== !page["@odata.deltaLink"], "a page has one of the two links");
    if (page["@odata.deltaLink"]) return { values, link: page["@odata.deltaLink"], pages };
    url = page["@odata.nextLink"];
  }
}
const isRemoved = (entry) => entry["@removed"]?.reason === "deleted";
const ids = (entries) => entries.map(({ id }) => id);

describe("Microsoft Graph: delta", () => {
  let client;
  beforeEach(async () => (client = await graphAs(CHLOE)));
  const create = (extra = {}) => client.api("/me/events").header("Prefer", PREFER).post(draft(extra));

  test("a full round has masters, occurrences and single events, then only what changed", async () => {
    const { values, link, pages } = await round(client, start());
    assert.ok(pages > 1 && values.length > 50);
    assert.ok(link.startsWith(`https://localhost:${box.base + 3}/v1.0/me/calendarView/delta?$deltatoken=`), link);
    assert.equal(new Set(ids(values)).size, values.length);
    const of = (kind) => values.filter(({ type }) => type === kind);
    assert.deepEqual([...new Set(values.map(({ type }) => type))].sort(), ["occurrence", "seriesMaster", "singleInstance"]);
    const slim = of("occurrence").find(({ subject }) => subject === undefined);
    assert.deepEqual(Object.keys(slim).sort(), ["@odata.etag", "@odata.type", "end", "id", "seriesMasterId", "start", "type"]);
    assert.ok(ids(of("seriesMaster")).includes(slim.seriesMasterId), "the rest is in its master");
    for (const entry of values) assertType("Event", entry);
    const view = (await client.api(`/me/calendarView?${window()}&$top=1000`).header("Prefer", PREFER).get()).value;
    assert.deepEqual(ids(values.filter(({ type }) => type !== "seriesMaster")).sort(), ids(view).sort());

    assert.deepEqual((await round(client, link)).values, []);
    const event = await create();
    const made = await round(client, link);
    assert.deepEqual(ids(made.values), [event.id]);
    assert.equal(made.values[0].subject, "Interview");
    await client.api(`/me/events/${enc(event.id)}`).patch({ subject: "Later" });
    const changed = await round(client, made.link);
    assert.deepEqual(changed.values.map(({ subject }) => subject), ["Later"]);
    await client.api(`/me/events/${enc(event.id)}`).delete();
    const gone = await round(client, changed.link);
    assert.deepEqual([ids(gone.values), gone.values.every(isRemoved)], [[event.id], true]);
  });

  test("what lies outside the window is told as removed", async () => {
    const { link } = await round(client, start());
    const outside = await create({ start: when(at(90)), end: when(at(90, "10:00:00")) });
    const inside = await create();
    const told = await round(client, link);
    assert.deepEqual(told.values.map((entry) => [entry.id, isRemoved(entry)]), [[outside.id, true], [inside.id, false]]);
    await client.api(`/me/events/${enc(inside.id)}`).patch({ start: when(at(91)), end: when(at(91, "10:00:00")) });
    assert.deepEqual((await round(client, told.link)).values.map((entry) => [entry.id, isRemoved(entry)]), [[inside.id, true]]);
  });

  test("pages are as small as wanted, may be empty, and lose nothing between them", async () => {
    const { link } = await round(client, start());
    const made = [];
    for (let n = 0; n < 4; n++) made.push(await create({ subject: `${n}` }));
    const first = await client.api(link).header("Prefer", 'IdType="ImmutableId", odata.maxpagesize=2').get();
    assert.deepEqual(ids(first.value), ids(made.slice(0, 2)));
    await client.api(`/me/events/${enc(made[0].id)}`).patch({ subject: "again" });
    await client.api(`/me/events/${enc(made[3].id)}`).patch({ subject: "again" });
    const rest = await round(client, first["@odata.nextLink"], 'IdType="ImmutableId", odata.maxpagesize=2');
    const next = await round(client, rest.link);
    assert.deepEqual(ids(rest.values), [made[2].id], "what has changed meanwhile is told by the next round");
    assert.deepEqual(ids(next.values), [made[0].id, made[3].id]);
    const two = await round(client, link, 'IdType="ImmutableId", odata.maxpagesize=1');
    assert.equal(two.pages, two.values.length + 1, "the last page is empty");
  });

  test("a calendar of its own, ids of either form, times in a zone", async () => {
    const calendar = await client.api("/me/calendars").post({ name: "Scheduler" });
    const url = `/me/calendars/${enc(calendar.id)}/calendarView/delta?${window()}`;
    const { values, link } = await round(client, url);
    assert.deepEqual(values, []);
    const event = await client.api(`/me/calendars/${enc(calendar.id)}/events`).post(draft());
    const [seen] = (await round(client, link, 'outlook.timezone="W. Europe Standard Time"')).values;
    assert.equal(seen.id, event.id);
    assert.equal(seen.start.timeZone, "W. Europe Standard Time");
    assert.notEqual((await round(client, link)).values[0].id, event.id, "the immutable form is another");
    await refused(client.api(link.replace(enc(calendar.id), "other")).get(), 404, "ErrorItemNotFound");
    await refused(client.api(link.replace(`/calendars/${enc(calendar.id)}`, "")).get(), 400, "InvalidDeltaToken");
  });

  test("guests, other providers and hands on the page are told of", async () => {
    const raj = await graphAs(RAJ);
    const mine = await round(client, start());
    const theirs = await round(raj, start());
    const event = await create({ attendees: [guest(RAJ), guest(BEN)] });
    const [invited] = (await round(raj, theirs.link)).values;
    await raj.api(`/me/events/${enc(invited.id)}/accept`).post({ sendResponse: true });
    const answered = await round(client, mine.link);
    assert.equal(answered.values[0].attendees.find(({ emailAddress }) => emailAddress.address === RAJ).status.response, "accepted");
    const { calendar, id } = (await box.events(CHLOE)).find(({ ical_uid }) => ical_uid === event.iCalUId);
    const post = (path, fields) =>
      fetch(`${box.front}/calendars/${CHLOE}/${path}`, { method: "POST", body: new URLSearchParams({ calendar, event: id, ...fields }), redirect: "manual" });
    assert.equal((await post("move", { start: at(31, "09:30:00").slice(0, 16) })).status, 303);
    const moved = await round(client, answered.link);
    assert.deepEqual(ids(moved.values), [event.id]);
    assert.equal((await post("delete", {})).status, 303);
    assert.ok(isRemoved((await round(client, moved.link)).values[0]));
  });

  test("an occurrence brings its master, and a series goes as a whole", async () => {
    const { link } = await round(client, start());
    const series = await create({
      recurrence: {
        pattern: { type: "daily", interval: 1 },
        range: { type: "numbered", startDate: at(30).slice(0, 10), numberOfOccurrences: 3 },
      },
    });
    const made = await round(client, link);
    assert.deepEqual(made.values.map(({ type }) => type), ["seriesMaster", "occurrence", "occurrence", "occurrence"]);
    assert.equal(made.values[0].id, series.id);
    await client.api(`/me/events/${enc(made.values[2].id)}`).patch({ subject: "Another" });
    const one = await round(client, made.link);
    assert.deepEqual(one.values.map(({ type, subject }) => [type, subject]), [["seriesMaster", "Interview"], ["occurrence", "Another"]]);
    await client.api(`/me/events/${enc(series.id)}`).delete();
    const gone = await round(client, one.link);
    assert.ok(gone.values.length === 4 && gone.values.every(isRemoved) && ids(gone.values).includes(series.id));
  });

  test("what it does not take is refused, and links end on demand", async () => {
    await refused(client.api("/me/calendarView/delta").get(), 400, "ErrorInvalidParameter");
    for (const option of ["$select=id", "$filter=isAllDay eq true", "$orderby=subject", "$expand=extensions"]) {
      await refused(client.api(start(`&${option}`)).get(), 400, "ErrorInvalidUrlQuery");
    }
    const { link } = await round(client, start());
    const raj = await graphAs(RAJ);
    const theirs = await round(raj, start());
    await refused(raj.api(link).get(), 400, "InvalidDeltaToken");
    const expire = (extra = {}) => box.control("POST", "cursors/expire", { provider: "microsoft", ...extra });
    await expire({ account: CHLOE });
    await refused(client.api(link).get(), 410, "SyncStateNotFound");
    await round(raj, theirs.link);
    const half = await client.api(start()).header("Prefer", "odata.maxpagesize=5").get();
    await expire({ reason: "InvalidDeltaToken" });
    await refused(client.api(half["@odata.nextLink"]).get(), 400, "InvalidDeltaToken");
    await expire({ reason: "resyncRequired" });
    await refused(raj.api(theirs.link).get(), 410, "resyncRequired");
    await refused(client.api(`${link}x`).get(), 400, "InvalidDeltaToken");
    await round(client, (await round(client, start())).link);
    await refused((await graphAs(CHLOE, ["Calendars.ReadBasic"])).api(start()).get(), 403, "ErrorAccessDenied");
  });
});

describe("Microsoft Graph: subscriptions", () => {
  let client, hooks;
  beforeEach(async () => (client = await graphAs(CHLOE)));
  afterEach(() => hooks?.stop());
  const body = (extra = {}) => ({
    changeType: "created,updated,deleted",
    notificationUrl: `${hooks.url}/hook`,
    lifecycleNotificationUrl: `${hooks.url}/lifecycle`,
    resource: "/me/events",
    expirationDateTime: in_(4200),
    clientState: "secret",
    ...extra,
  });
  const in_ = (minutes) => new Date(Date.now() + minutes * 60_000).toISOString();
  const subscribe = (extra = {}, who = client) => who.api("/subscriptions").header("Prefer", 'IdType="ImmutableId"').post(body(extra));
  const create = (extra = {}) => client.api("/me/events").header("Prefer", PREFER).post(draft(extra));
  const isPush = ({ query }) => !query.has("validationToken");
  const items = async (count = 1, fits = () => true) => (await hooks.next(count, (one) => isPush(one) && one.body.value.some(fits))).flatMap((one) => one.body.value);
  const pushes = async () => (await box.control("GET", "pushes?provider=microsoft")).pushes;
  const minutes = (subscription) => (new Date(subscription.expirationDateTime) - Date.now()) / 60_000;

  test("both addresses are asked before it is made, and changes follow", async () => {
    hooks = await receiver();
    const subscription = await subscribe();
    const asked = hooks.arrived.filter((one) => !isPush(one));
    assert.deepEqual(asked.map(({ path, method, text }) => [path, method, text]), [["/hook", "POST", ""], ["/lifecycle", "POST", ""]]);
    assert.notEqual(asked[0].query.get("validationToken"), asked[1].query.get("validationToken"));
    assertType("Subscription", subscription);
    assert.match(subscription.id, /^[0-9a-f-]{36}$/);
    assert.deepEqual([subscription.resource, subscription.changeType, subscription.clientState], ["/me/events", "created,deleted,updated", "secret"]);

    const event = await create();
    const [made] = await items(1, ({ changeType }) => changeType === "created");
    assert.deepEqual([made.subscriptionId, made.clientState, made.resourceData.id], [subscription.id, "secret", event.id]);
    assert.equal(made.resourceData["@odata.type"], "#Microsoft.Graph.Event");
    assert.equal(made.resource, made.resourceData["@odata.id"]);
    assert.ok(made.resource.startsWith("Users/") && made.resource.endsWith(`/Events/${event.id}`));
    assert.match(made.tenantId, /^[0-9a-f-]{36}$/);
    assert.equal(made.subscriptionExpirationDateTime, subscription.expirationDateTime);
    assertType("ChangeNotification", made);
    await client.api(`/me/events/${enc(event.id)}`).patch({ subject: "Later" });
    await items(1, ({ changeType }) => changeType === "updated");
    await client.api(`/me/events/${enc(event.id)}`).delete();
    const gone = (await items(1, ({ changeType }) => changeType === "deleted")).at(-1);
    assert.equal(gone.resourceData.id, event.id);
    assert.ok(!JSON.stringify(await pushes()).includes("secret"), "client states are left out");
    assert.deepEqual((await pushes()).map(({ outcome }) => outcome), Array(3).fill("delivered"));
  });

  test("who does not answer as told gets none", async () => {
    let said = 200;
    hooks = await receiver({ validates: false, answer: ({ query }) => ({ status: 200, type: "text/plain", body: query.get("validationToken"), ...said }) });
    for (const wrong of [{ status: 202 }, { body: "other" }, { type: "application/json" }, { status: 500 }]) {
      said = wrong;
      await refused(subscribe(), 400, "ValidationError");
    }
    said = { type: "text/plain; charset=utf-8" };
    await subscribe();
    said = {};
    await refused(subscribe({ lifecycleNotificationUrl: "http://127.0.0.1:9/none" }), 400, "ValidationError");
    await refused(subscribe({ notificationUrl: "https://app.example.com/hook" }), 400, "ValidationError");
    assert.equal((await client.api("/subscriptions").get()).value.length, 1);
  });

  test("ten seconds are waited for", async () => {
    hooks = await receiver({ validates: false, answer: () => ({ status: 200, type: "text/plain", after: 10_500 }) });
    const error = await refused(subscribe(), 400, "ValidationError");
    assert.match(error.message, /timed out/);
  });

  test("its life has bounds, can be made longer, and ends", async () => {
    hooks = await receiver();
    const short = await subscribe({ expirationDateTime: in_(5) });
    assert.ok(Math.abs(minutes(short) - 45) < 1);
    await subscribe({ expirationDateTime: in_(10_069) });
    await refused(subscribe({ expirationDateTime: in_(10_080) }), 400, "ExtensionError");
    await refused(subscribe({ expirationDateTime: in_(-1) }), 400, "InvalidRequest");
    const one = client.api(`/subscriptions/${short.id}`);
    const longer = await one.patch({ expirationDateTime: in_(600) });
    assert.ok(Math.abs(minutes(longer) - 600) < 1);
    assert.equal((await one.get()).expirationDateTime, longer.expirationDateTime);
    await refused(one.patch({ expirationDateTime: in_(20_000) }), 400, "ExtensionError");
    await refused(one.patch({ notificationUrl: `${hooks.url}/other` }), 400, "ErrorInvalidPropertySet");
    await refused((await graphAs(RAJ)).api(`/subscriptions/${short.id}`).get(), 404, "ResourceNotFound");
    await box.advance(601 * 60);
    client = await graphAs(CHLOE);
    await refused(client.api(`/subscriptions/${short.id}`).patch({ expirationDateTime: in_(2000) }), 404, "ResourceNotFound");
    const [last] = (await client.api("/subscriptions").get()).value;
    await client.api(`/subscriptions/${last.id}`).delete();
    await refused(client.api(`/subscriptions/${last.id}`).delete(), 404, "ResourceNotFound");
    hooks.forget();
    await create();
    assert.deepEqual(await pushes(), []);
  });

  test("resources are a mailbox's events or one calendar's", async () => {
    hooks = await receiver();
    const calendar = await client.api("/me/calendars").post({ name: "Scheduler" });
    const own = await subscribe({ resource: `me/calendars/${enc(calendar.id)}/events`, clientState: "one", changeType: "created" });
    await subscribe({ clientState: "all" });
    await create();
    await client.api(`/me/calendars/${enc(calendar.id)}/events`).post(draft());
    const told = await items(2);
    assert.deepEqual(told.map(({ clientState }) => clientState).sort(), ["all", "all", "one"], "one request carries both");
    await refused(subscribe({ resource: "/me/messages" }), 400, "InvalidRequest");
    await refused(subscribe({ resource: `/me/calendars/${enc("none")}/events` }), 404, "ErrorItemNotFound");
    await refused(subscribe({ resource: `/users/${RAJ}/events` }), 403, "ErrorAccessDenied");
    await refused(subscribe({ changeType: "moved" }), 400, "InvalidRequest");
    await refused(subscribe({ notificationUrl: "http://app.example.com/hook" }), 400, "InvalidRequest");
    await refused(subscribe({ clientState: "x".repeat(129) }), 400, "InvalidRequest");
    await refused(subscribe({ colour: "red" }), 400, "RequestBodyRead");
    await refused(subscribe({}, await graphAs(CHLOE, ["User.Read"])), 403, "ErrorAccessDenied");
    await client.api(`/me/calendars/${enc(calendar.id)}`).delete();
    const [removed] = await items(1, ({ lifecycleEvent }) => lifecycleEvent);
    assert.deepEqual([removed.lifecycleEvent, removed.subscriptionId], ["subscriptionRemoved", own.id]);
  });

  test("everybody's changes are told: guests, other providers, hands on the page", async () => {
    hooks = await receiver();
    await subscribe({ clientState: "mia" }, await graphAs(MIA));
    const event = await create({ attendees: [guest(MIA)] });
    const [invited] = await items(1);
    assert.deepEqual([invited.changeType, invited.clientState], ["created", "mia"]);
    assert.equal(invited.tenantId, "9188040d-6c67-4c5b-b112-36a304b66dad");
    const mia = (await box.events(MIA)).find(({ ical_uid }) => ical_uid === event.iCalUId);
    await fetch(`${box.front}/calendars/${MIA}/delete`, { method: "POST", body: new URLSearchParams({ calendar: mia.calendar, event: mia.id }), redirect: "manual" });
    await items(1, ({ changeType }) => changeType === "deleted");
  });

  test("what is not taken in three seconds comes again", async () => {
    let first = true;
    hooks = await receiver({ answer: () => (first ? ((first = false), { status: 202, after: 3_500 }) : 500) });
    await subscribe();
    await create();
    await hooks.next(3, isPush);
    const [{ attempts, outcome }] = await pushes();
    assert.deepEqual([attempts[0].status, attempts[0].error, attempts[1].status, outcome], [null, "no answer in time", 500, "pending"]);
  });

  test("news about itself come on demand", async () => {
    hooks = await receiver();
    const subscription = await subscribe();
    const say = (event) => box.control("POST", "channels/lifecycle", { event, account: CHLOE });
    const about = async (event) => (await hooks.next(1, (one) => one.path === "/lifecycle" && one.body?.value[0].lifecycleEvent === event))[0].body.value[0];
    const due = async () => (await box.control("GET", "channels")).channels[0].reauthorization_due;
    await say("reauthorizationRequired");
    const item = await about("reauthorizationRequired");
    assert.deepEqual([item.subscriptionId, item.clientState, item.changeType], [subscription.id, "secret", undefined]);
    assertType("ChangeNotification", item);
    assert.equal(await due(), true);
    await client.api(`/subscriptions/${subscription.id}/reauthorize`).post({});
    assert.equal(await due(), false);
    await say("missed");
    await about("missed");
    await say("subscriptionRemoved");
    await about("subscriptionRemoved");
    await refused(client.api(`/subscriptions/${subscription.id}/reauthorize`).post({}), 404, "ResourceNotFound");
    await assert.rejects(say("missed"), /404/);
    await assert.rejects(say("other"), /422/);
  });

  test("it ends with the grant", async () => {
    hooks = await receiver();
    await subscribe();
    await subscribe({}, await graphAs(RAJ));
    await box.fault({ provider: "microsoft", kind: "revoke", account: CHLOE });
    const [gone] = await items(1, ({ lifecycleEvent }) => lifecycleEvent === "subscriptionRemoved");
    assert.equal(gone.clientState, "secret");
    assert.deepEqual((await box.control("GET", "channels")).channels.map(({ account }) => account), [RAJ]);
  });

  test("notifications are lost, doubled and overtaken by switch", async () => {
    hooks = await receiver();
    await subscribe();
    const fault = (kind, extra = {}) => box.fault({ provider: "microsoft", kind, times: 1, ...extra });
    const last = async () => (await pushes()).at(-1);
    await fault("push_drop");
    await create();
    while ((await last())?.outcome !== "dropped");
    await fault("push_duplicate");
    const twice = await create();
    const told = await items(2);
    assert.deepEqual(told.map(({ resourceData }) => resourceData.id), [twice.id, twice.id]);
    hooks.forget();
    await fault("push_reorder");
    const first = await create();
    while (!(await last()).faults.includes("push_reorder"));
    const second = await create();
    assert.deepEqual((await items(2)).map(({ resourceData }) => resourceData.id), [second.id, first.id]);
    assert.equal((await box.control("POST", "pushes/storm", { provider: "microsoft", copies: 20 })).pushes, 20);
    await hooks.next(22, isPush);
  });
});

describe("Microsoft Graph: quotas", () => {
  test("a mailbox is asked so often in ten minutes, once they are on", async () => {
    const plain = await plainAs(CHLOE);
    const limits = { microsoft_mailbox: 3 };
    await box.control("POST", "quotas", { on: true, limits });
    for (let n = 0; n < 3; n++) assert.equal((await plain("GET", "/me")).status, 200);
    const answer = await plain("GET", "/me");
    assert.deepEqual([answer.status, answer.body.error.code], [429, "TooManyRequests"]);
    assert.ok(Number(answer.headers.get("retry-after")) > 590);
    assert.equal((await (await plainAs(RAJ))("GET", "/me")).status, 200);
    const batch = { requests: [{ id: "1", method: "GET", url: "/me" }] };
    assert.equal((await plain("POST", "/$batch", { body: batch })).body.responses[0].status, 429);
    const { people } = await box.control("GET", "quotas");
    const chloe = people.find(({ account }) => account === CHLOE);
    assert.deepEqual([chloe.in_window, chloe.used, chloe.refused], [3, 3, 2]);
    await box.advance(600);
    assert.equal((await plain("GET", "/me")).status, 200);
    await box.control("POST", "quotas", { on: false });
    for (let n = 0; n < 5; n++) assert.equal((await plain("GET", "/me")).status, 200);
  });
});
