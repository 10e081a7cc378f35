// Apple's calendars through tsdav, unmodified: discovery, calendars, reading a window, writing with etags, following changes.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { ICS, MEI, NOAH, ask, clientFor, later, object, startSandbox } from "./apple.mjs";

let box, client, calendars, home;
before(async () => (box = await startSandbox()));
after(() => box?.stop());
beforeEach(async () => {
  await box.reset();
  // It compares addresses by their letters.
  await box.fault({ provider: "apple", kind: "plain_principal" });
  client = await clientFor(box, MEI);
  calendars = await client.fetchCalendars();
  home = calendars.find(({ displayName }) => displayName === "Home");
});

const window = (from, until) => ({ start: later(from).toISOString(), end: later(until).toISOString() });
const summaries = (objects) => objects.flatMap(({ data }) => [...data.matchAll(/^SUMMARY:(.*)\r?$/gm)].map(([, text]) => text.trim()));

describe("Apple, by tsdav: discovery", () => {
  test("the calendars are found on the other host", async () => {
    assert.deepEqual(calendars.map(({ displayName }) => displayName).sort(), ["Home", "Interviews", "Public holidays", "Reminders"]);
    assert.equal(home.calendarColor, "#1BADF8FF");
    assert.match(home.timezone, /TZID:Asia\/Tokyo/);
    assert.ok(home.syncToken && home.ctag);
    assert.deepEqual(home.reports.sort(), ["calendarMultiget", "calendarQuery", "syncCollection"]);
    const components = Object.fromEntries(calendars.map(({ displayName, components }) => [displayName, components]));
    assert.deepEqual(components, { Home: ["VEVENT"], Interviews: ["VEVENT"], "Public holidays": ["VEVENT"], Reminders: ["VTODO"] });
    // What follows is asked of the first host again: it does not resolve addresses by where they came from.
    const walk = (await box.requests("?provider=apple")).slice(0, 4).map(({ path, headers }) => `http://${headers.host}${path}`);
    const own = `/${MEI.number}/`;
    assert.deepEqual(walk, [`${box.apple}/.well-known/caldav`, `${box.apple}/`, `${box.apple}${own}principal/`, `${box.applePartition}${own}calendars/`]);
  });

  test("a wrong password opens nothing, with and without hyphens the right one does", async () => {
    await assert.rejects(clientFor(box, { ...MEI, password: NOAH.password }));
    await clientFor(box, { ...MEI, password: MEI.password.replaceAll("-", "") });
  });
});

describe("Apple, by tsdav: reading", () => {
  test("a window brings the objects whose recurrences fall into it", async () => {
    const objects = await client.fetchCalendarObjects({ calendar: home, timeRange: window(0, 28) });
    const found = summaries(objects);
    for (const title of ["Team weekly", "Team weekly (moved)", "Stand-up", "Gym", "Vendor call", "Vendor review", "Offsite", "Optional: office tour"]) {
      assert.ok(found.includes(title), `${title} in ${found}`);
    }
    assert.ok(objects.every(({ etag, data }) => etag && data.startsWith("BEGIN:VCALENDAR")));
    const old = await client.fetchCalendarObjects({ calendar: home, timeRange: window(-3000, -2990) });
    assert.deepEqual(summaries(old), ["Stand-up"]);
  });

  test("a window can be expanded by the server", async () => {
    const objects = await client.fetchCalendarObjects({ calendar: home, timeRange: window(0, 28), expand: true });
    const standUp = objects.find(({ data }) => data.includes("SUMMARY:Stand-up")).data;
    assert.ok(!/RRULE|TZID/.test(standUp));
    assert.equal(standUp.match(/^DTSTART:\d{8}T000000Z\r?$/gm).length, 20, "nine o'clock in Tokyo, twenty working days");
  });

  test("tasks are no events", async () => {
    const reminders = calendars.find(({ displayName }) => displayName === "Reminders");
    assert.deepEqual(await client.fetchCalendarObjects({ calendar: reminders }), []);
  });
});

describe("Apple, by tsdav: writing", () => {
  const create = (uid, options) => client.createCalendarObject({ calendar: home, filename: `${uid}.ics`, iCalString: object(uid, options) });
  const stored = async (uid) => (await client.fetchCalendarObjects({ calendar: home, objectUrls: [`${home.url}${uid}.ics`] }))[0];

  test("an event is created, changed and deleted by its etags", async () => {
    const created = await create("J-1");
    assert.equal(created.status, 201);
    const first = await stored("J-1");
    assert.equal(first.etag, created.headers.get("etag"));
    assert.match(first.data, /X-APPLE-/, "the server has added to it");
    assert.equal((await create("J-1")).status, 412);

    const changed = await client.updateCalendarObject({ calendarObject: { ...first, data: first.data.replace("Interview", "Moved") } });
    assert.equal(changed.status, 204);
    const second = await stored("J-1");
    assert.notEqual(second.etag, first.etag);
    assert.match(second.data, /SUMMARY:Moved/);
    assert.equal((await client.updateCalendarObject({ calendarObject: first })).status, 412);
    assert.equal((await client.deleteCalendarObject({ calendarObject: first })).status, 412);
    assert.equal((await client.deleteCalendarObject({ calendarObject: second })).status, 204);
    assert.equal((await client.deleteCalendarObject({ calendarObject: second })).status, 404);
  });

  test("a series is found where it happens", async () => {
    await create("J-2", { lines: ["RRULE:FREQ=WEEKLY;COUNT=4"] });
    for (const [from, count] of [[20, 1], [41, 1], [48, 0]]) {
      const objects = await client.fetchCalendarObjects({ calendar: home, timeRange: window(from, from + 1) });
      assert.equal(objects.filter(({ url }) => url.endsWith("/J-2.ics")).length, count, `day ${from}`);
    }
  });

  test("a calendar is made, filled and taken away", async () => {
    const url = `${box.applePartition}/${MEI.number}/calendars/judged/`;
    await client.makeCalendar({ url, props: { "d:displayname": "Judged", "ca:calendar-color": "#FF0000FF" } });
    const made = (await client.fetchCalendars()).find(({ displayName }) => displayName === "Judged");
    assert.equal(new URL(made.url).pathname, new URL(url).pathname);
    assert.equal(made.calendarColor, "#FF0000FF");
    assert.equal((await client.createCalendarObject({ calendar: made, filename: "J-3.ics", iCalString: object("J-3") })).status, 201);
    assert.equal((await client.createCalendarObject({ calendar: home, filename: "J-3.ics", iCalString: object("J-3") })).status, 409, "the UID is taken");
    assert.equal((await client.deleteObject({ url })).status, 204);
    assert.equal((await client.createCalendarObject({ calendar: home, filename: "J-3.ics", iCalString: object("J-3") })).status, 201);
  });
});

describe("Apple, by tsdav: following changes", () => {
  test("changes and deletions are told since a token", async () => {
    const all = await client.syncCollection({ url: home.url, props: { "d:getetag": {} }, syncLevel: 1 });
    const token = all[0].raw.multistatus.syncToken;
    assert.ok(all.length > 50);
    assert.ok(all.some(({ href }) => href === new URL(home.url).pathname), "the collection itself is among them");

    await client.createCalendarObject({ calendar: home, filename: "J-4.ics", iCalString: object("J-4") });
    const gone = (await client.fetchCalendarObjects({ calendar: home })).find(({ data }) => data.includes("SUMMARY:Gym"));
    await client.deleteCalendarObject({ calendarObject: gone });
    const changes = await client.syncCollection({ url: home.url, props: { "d:getetag": {} }, syncLevel: 1, syncToken: token });
    const told = Object.fromEntries(changes.map(({ href, status }) => [href, status]));
    const path = new URL(home.url).pathname;
    assert.deepEqual(told, { [path]: 207, [`${path}J-4.ics`]: 207, [new URL(gone.url).pathname]: 404 });
  });

  test("a collection says by its tag whether it changed", async () => {
    const asked = { ...home, objectMultiGet: client.calendarMultiGet, objects: await client.fetchCalendarObjects({ calendar: home }) };
    assert.equal((await client.isCollectionDirty({ collection: asked })).isDirty, false);
    await ask(box, MEI, "PUT", `${home.url}J-5.ics`, { headers: ICS, body: object("J-5") });
    assert.equal((await client.isCollectionDirty({ collection: asked })).isDirty, true);
    const { updated, created } = (await client.smartCollectionSync({ collection: asked, method: "webdav", detailedResult: true })).objects;
    assert.deepEqual([created.map(({ url }) => url.split("/").at(-1)), updated], [["J-5.ics"], []]);
  });
});
