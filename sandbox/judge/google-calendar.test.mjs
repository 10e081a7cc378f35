// The judge of Calendar v3: Google's own Node library, unmodified, against calendars, free/busy, events and every error.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { ANA, BEN, RAJ, TOM, clients, hours, meeting, nextMonday, refused, seconds } from "./google.mjs";
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
const insert = (extra = {}, options = {}) =>
  ana.events.insert({ ...primary, requestBody: meeting(extra), ...options }).then(({ data }) => data);
const guests = (...emails) => emails.map((email) => ({ email }));

describe("calendars", () => {
  test("the list is paged and knows its roles", async () => {
    const { data: first } = await ana.calendarList.list({ maxResults: 1 });
    assert.equal(first.kind, "calendar#calendarList");
    assert.equal(first.items[0].id, ANA);
    assert.equal(first.items[0].primary, true);
    assert.equal(first.items[0].timeZone, "America/New_York");
    assert.equal(first.items[0].accessRole, "owner");
    assert.deepEqual(first.items[0].conferenceProperties.allowedConferenceSolutionTypes, ["hangoutsMeet"]);
    const { data: second } = await ana.calendarList.list({ maxResults: 1, pageToken: first.nextPageToken });
    assert.match(second.items[0].id, /@group\.calendar\.google\.com$/);
    assert.equal(second.items[0].dataOwner, ANA);
    assert.equal(second.nextPageToken, undefined);
    assert.equal((await ana.calendarList.get({ calendarId: second.items[0].id })).data.summary, "Interview room");
    await refused(ana.calendarList.get({ calendarId: BEN }), 404, "notFound");
    await refused(ana.calendarList.list({ pageToken: "nonsense" }), 400, "invalidParameter");
    await refused(ana.calendarList.list({ syncToken: "any" }), 400, "invalidParameter");
  });

  test("a secondary calendar is made, changed, used and deleted", async () => {
    const { data: made } = await ana.calendars.insert({ requestBody: { summary: "Scheduler", timeZone: "Europe/Berlin" } });
    assert.match(made.id, /^c_\w+@group\.calendar\.google\.com$/);
    assert.equal((await ana.calendars.get({ calendarId: made.id })).data.dataOwner, ANA);
    const { data: changed } = await ana.calendars.patch({ calendarId: made.id, requestBody: { description: "d" } });
    assert.equal(changed.description, "d");
    assert.equal(changed.summary, "Scheduler");
    assert.notEqual(changed.etag, made.etag);
    const { data: event } = await ana.events.insert({ calendarId: made.id, requestBody: meeting() });
    assert.equal(event.organizer.email, made.id);
    assert.equal(event.organizer.displayName, "Scheduler");
    assert.equal(event.creator.email, ANA);
    await refused(ben.calendars.get({ calendarId: made.id }), 404, "notFound");
    await refused(ana.calendars.insert({ requestBody: {} }), 400, "required");
    await refused(ana.calendars.insert({ requestBody: { summary: "x", timeZone: "Berlin" } }), 400, "invalid");
    assert.equal((await ana.calendars.delete({ calendarId: made.id })).status, 204);
    await refused(ana.calendars.get({ calendarId: made.id }), 404, "notFound");
    await refused(ana.calendars.delete(primary), 403, "forbidden");
  });
});

describe("free/busy", () => {
  const query = (requestBody, who = ana) => who.freebusy.query({ requestBody }).then(({ data }) => data);
  const day = () => ({ timeMin: hours(nextMonday(), 0), timeMax: hours(nextMonday(), 24) });

  test("intervals are merged, cut to the window, and without what is free", async () => {
    const at = (n) => hours(nextMonday(), -24 + n);
    const put = (from, to, extra = {}) =>
      ana.events.insert({ ...primary, requestBody: { start: { dateTime: at(from) }, end: { dateTime: at(to) }, ...extra } });
    await put(0, 2);
    await put(2, 3);
    await put(2.5, 4);
    await put(6, 7, { transparency: "transparent" });
    await put(8, 9, { status: "tentative" });
    await put(10, 11, { attendees: [{ email: ANA, responseStatus: "declined" }] });
    const { data: gone } = await put(12, 13);
    await ana.events.delete({ ...primary, eventId: gone.id });
    const answer = await query({ timeMin: at(1), timeMax: at(14), items: [{ id: "primary" }, { id: ANA.toUpperCase() }] });
    assert.equal(answer.kind, "calendar#freeBusy");
    const busy = [
      { start: seconds(at(1)), end: seconds(at(4)) },
      { start: seconds(at(8)), end: seconds(at(9)) },
    ];
    assert.deepEqual(answer.calendars.primary, { busy });
    assert.deepEqual(answer.calendars[ANA.toUpperCase()].busy, busy);
    const berlin = await query({ timeMin: at(1), timeMax: at(5), timeZone: "Asia/Kolkata", items: [{ id: "primary" }] });
    assert.match(berlin.calendars.primary.busy[0].start, /\+05:30$/);
    assert.equal(Date.parse(berlin.calendars.primary.busy[0].start), Date.parse(at(1)));
  });

  test("an all-day event covers the days of the calendar's zone", async () => {
    const date = (n) => hours(nextMonday(), n).slice(0, 10);
    await ana.events.insert({ ...primary, requestBody: { start: { date: date(-24) }, end: { date: date(0) } } });
    const answer = await query({ timeMin: hours(nextMonday(), -48), timeMax: hours(nextMonday(), 5), items: [{ id: "primary" }] });
    const [{ start, end }] = answer.calendars.primary.busy;
    assert.equal((Date.parse(end) - Date.parse(start)) / 3_600_000 >= 23, true);
    assert.match(new Date(start).toLocaleTimeString("en-GB", { timeZone: "America/New_York" }), /^00:00/);
  });

  test("colleagues are seen, strangers are an error of their own inside a 200", async () => {
    const answer = await query({ ...day(), items: [{ id: BEN }, { id: RAJ }, { id: "nobody@example.com" }] });
    assert.equal(answer.calendars[BEN].errors, undefined);
    for (const id of [RAJ, "nobody@example.com"]) {
      assert.deepEqual(answer.calendars[id], { errors: [{ domain: "global", reason: "notFound" }], busy: [] });
    }
  });

  test("a calendar can be made to fail alone", async () => {
    await box.fault({ provider: "google", kind: "calendar_error", calendar: BEN, reason: "internalError", times: 1 });
    const items = [{ id: BEN }, { id: "primary" }];
    const failed = await query({ ...day(), items });
    assert.equal(failed.calendars[BEN].errors[0].reason, "internalError");
    assert.equal(failed.calendars.primary.errors, undefined);
    assert.equal((await query({ ...day(), items })).calendars[BEN].errors, undefined);
  });

  test("limits", async () => {
    const many = Array.from({ length: 51 }, (_, n) => ({ id: `c${n}@example.com` }));
    const over = await query({ ...day(), items: many });
    assert.ok(Object.values(over.calendars).every(({ errors }) => errors[0].reason === "tooManyCalendarsRequested"));
    const { timeMin, timeMax } = day();
    await refused(query({ timeMin: timeMax, timeMax: timeMin, items: [] }), 400, "timeRangeEmpty");
    await refused(query({ timeMin, timeMax: hours(nextMonday(), 24 * 100), items: [] }), 400, "timeRangeTooLong");
    await refused(query({ timeMin, items: [] }), 400, "required");
    await refused(query({ timeMin: "2026-12-01T10:00:00", timeMax, items: [] }), 400, "invalidParameter");
    await refused(query({ timeMin, timeMax, timeZone: "Berlin", items: [] }), 400, "invalid");
  });
});

describe("creating and reading", () => {
  test("an event comes back whole, with status 200 and an etag in body and header", async () => {
    const id = "7f3c2a106d0e4b8e9a552f1f1c0d9e01";
    const response = await ana.events.insert({
      ...primary,
      requestBody: meeting({
        id,
        description: "Join link inside",
        location: "Room 4",
        attendees: [{ email: "sam@example.net", displayName: "Sam" }, { email: BEN, optional: true }],
        guestsCanInviteOthers: false,
        guestsCanSeeOtherGuests: false,
        reminders: { useDefault: false, overrides: [{ method: "popup", minutes: 10 }] },
        extendedProperties: { private: { bookingId: "b-42" }, shared: { panel: "1" } },
      }),
    });
    assert.equal(response.status, 200);
    const event = response.data;
    assert.equal(event.etag, response.headers.get("etag"));
    assert.equal(event.id, id);
    assert.equal(event.iCalUID, `${id}@google.com`);
    assert.equal(event.status, "confirmed");
    assert.equal(event.sequence, 0);
    assert.equal(event.eventType, "default");
    assert.deepEqual(event.creator, { email: ANA, self: true });
    assert.deepEqual(event.organizer, { email: ANA, displayName: "Ana Alvarez", self: true });
    assert.equal(event.start.timeZone, "America/New_York");
    assert.match(event.start.dateTime, /-0[45]:00$/);
    assert.deepEqual(event.attendees, [
      { email: "sam@example.net", displayName: "Sam", responseStatus: "needsAction" },
      { email: BEN, optional: true, responseStatus: "needsAction" },
    ]);
    assert.equal(event.guestsCanInviteOthers, false);
    assert.deepEqual(event.extendedProperties, { private: { bookingId: "b-42" }, shared: { panel: "1" } });
    const { data: read } = await ana.events.get({ ...primary, eventId: id });
    assert.deepEqual(read, event);
    const utc = await ana.events.get({ ...primary, eventId: id, timeZone: "UTC" });
    assert.match(utc.data.start.dateTime, /Z$/);
    const masked = await ana.events.get({ ...primary, eventId: id, fields: "id,start/dateTime" });
    assert.deepEqual(masked.data, { id, start: { dateTime: event.start.dateTime } });
  });

  test("a client id is checked and stays taken, also after deletion", async () => {
    const id = "b42attempt1";
    for (const bad of ["abcd", "wxyz123", "7f3c2a10-6d0e", "ABCDE", "a".repeat(1025)]) {
      await refused(insert({ id: bad }), 400, "invalid");
    }
    await refused(insert({ id, iCalUID: "a@b" }), 400, "invalid");
    await insert({ id });
    await refused(insert({ id }), 409, "duplicate");
    await ana.events.delete({ ...primary, eventId: id });
    await refused(insert({ id }), 409, "duplicate");
    const { data: gone } = await ana.events.get({ ...primary, eventId: id });
    assert.equal(gone.status, "cancelled");
    const { data: back } = await ana.events.update({ ...primary, eventId: id, requestBody: meeting({ status: "confirmed" }) });
    assert.equal(back.status, "confirmed");
  });

  test("what is malformed is refused with its reason", async () => {
    const start = { dateTime: hours(nextMonday(), 1) };
    const end = { dateTime: hours(nextMonday(), 2) };
    const cases = [
      [{ start: undefined }, "required"],
      [{ end: undefined }, "required"],
      [{ start: end, end: start }, "timeRangeEmpty"],
      [{ start: { date: "2026-12-01", ...start } }, "invalid"],
      [{ start: { date: "2026-12-01" } }, "invalid"],
      [{ start: { dateTime: "2026-12-01T10:00:00" } }, "required"],
      [{ start: { dateTime: "2026-12-01T10:00:00", timeZone: "Berlin" } }, "invalid"],
      [{ attendees: [{ displayName: "Sam" }] }, "required"],
      [{ attendees: guests("not an address") }, "invalid"],
      [{ attendees: [{ email: "a@example.net", responseStatus: "yes" }] }, "invalid"],
      [{ reminders: { useDefault: true, overrides: [{ method: "popup", minutes: 1 }] } }, "cannotUseDefaultRemindersAndSpecifyOverride"],
      [{ reminders: { useDefault: false, overrides: Array(6).fill({ method: "popup", minutes: 1 }) } }, "invalid"],
      [{ transparency: "glass" }, "invalid"],
      [{ recurrence: ["RRULE:FREQ=WEEKLY"] }, "invalid"],
      [{ extendedProperties: { private: { ["k".repeat(45)]: "v" } } }, "invalid"],
    ];
    for (const [extra, reason] of cases) await refused(insert({ start, end, ...extra }), 400, reason);
    await refused(insert({}, { sendUpdates: "some" }), 400, "invalid");
    const { access_token } = await box.token("google", ANA, ["https://www.googleapis.com/auth/calendar"]);
    const response = await fetch(`${box.google}/calendar/v3/calendars/primary/events`, {
      method: "POST",
      headers: { authorization: `Bearer ${access_token}`, "content-type": "application/json" },
      body: "{",
    });
    assert.equal(response.status, 400);
    assert.equal((await response.json()).error.errors[0].reason, "parseError");
  });

  test("unknown ids and other people's calendars are not found", async () => {
    await refused(ana.events.get({ ...primary, eventId: "neverknown" }), 404, "notFound");
    await refused(ana.events.patch({ ...primary, eventId: "neverknown", requestBody: {} }), 404, "notFound");
    await refused(ana.events.delete({ ...primary, eventId: "neverknown" }), 404, "notFound");
    await refused(ana.events.list({ calendarId: BEN }), 404, "notFound");
    await refused(ana.events.insert({ calendarId: "nobody@example.com", requestBody: meeting() }), 404, "notFound");
  });

  test("Meet is ignored without its version, then pending, then made; a request id counts once", async () => {
    const asked = (requestId) => ({ conferenceData: { createRequest: { requestId, conferenceSolutionKey: { type: "hangoutsMeet" } } } });
    assert.equal((await insert(asked("r0"))).conferenceData, undefined);
    const event = await insert(asked("r1"), { conferenceDataVersion: 1 });
    assert.equal(event.conferenceData.createRequest.status.statusCode, "pending");
    assert.equal(event.hangoutLink, undefined);
    const at = { ...primary, eventId: event.id };
    const { data: made } = await ana.events.get(at);
    assert.equal(made.conferenceData.createRequest.status.statusCode, "success");
    assert.match(made.hangoutLink, /^https:\/\/meet\.google\.com\/\w{3}-\w{4}-\w{3}$/);
    assert.equal(made.conferenceData.entryPoints[0].uri, made.hangoutLink);
    const { data: again } = await ana.events.patch({ ...at, conferenceDataVersion: 1, requestBody: asked("r1") });
    assert.equal(again.hangoutLink, made.hangoutLink);
    const { data: kept } = await ana.events.update({ ...at, requestBody: meeting() });
    assert.equal(kept.hangoutLink, made.hangoutLink);
    const { data: dropped } = await ana.events.patch({ ...at, conferenceDataVersion: 1, requestBody: { conferenceData: null } });
    assert.equal(dropped.hangoutLink, undefined);
    const other = { conferenceData: { createRequest: { requestId: "r2", conferenceSolutionKey: { type: "eventHangout" } } } };
    await refused(insert(other, { conferenceDataVersion: 1 }), 400, "invalid");
  });
});

describe("listing", () => {
  const list = (options) => ana.events.list({ ...primary, ...options }).then(({ data }) => data);

  test("windows, order, words, properties and uid", async () => {
    const at = (n) => hours(nextMonday(), -24 + n);
    const put = (from, to, extra) => insert({ start: { dateTime: at(from) }, end: { dateTime: at(to) }, ...extra });
    const late = await put(3, 4, { summary: "Late", extendedProperties: { private: { bookingId: "b-1", kind: "x" } } });
    const early = await put(1, 2, { summary: "Early", attendees: guests("sam@example.net") });
    const summaries = (answer) => answer.items.map(({ summary }) => summary);
    const window = { timeMin: at(0), timeMax: at(5), singleEvents: true };
    assert.deepEqual(summaries(await list({ ...window, orderBy: "startTime" })), ["Early", "Late"]);
    assert.deepEqual(summaries(await list({ ...window, orderBy: "updated" })), ["Late", "Early"]);
    assert.deepEqual(summaries(await list({ timeMin: at(2), timeMax: at(3) })), [], "bounds are exclusive");
    assert.deepEqual(summaries(await list({ timeMin: at(1.9), timeMax: at(3) })), ["Early"]);
    assert.deepEqual(summaries(await list({ q: "sam@example.net" })), ["Early"]);
    assert.deepEqual(summaries(await list({ privateExtendedProperty: ["bookingId=b-1", "kind=x"] })), ["Late"]);
    assert.deepEqual(summaries(await list({ privateExtendedProperty: ["bookingId=b-1", "kind=y"] })), []);
    assert.deepEqual(summaries(await list({ iCalUID: early.iCalUID })), ["Early"]);
    await ana.events.delete({ ...primary, eventId: late.id });
    assert.deepEqual(summaries(await list(window)), ["Early"]);
    assert.equal((await list({ ...window, showDeleted: true })).items.find(({ id }) => id === late.id).status, "cancelled");
  });

  test("pages are complete and disjoint", async () => {
    const whole = await list({ maxResults: 2500 });
    assert.equal(whole.kind, "calendar#events");
    assert.equal(whole.accessRole, "owner");
    assert.equal(whole.nextPageToken, undefined);
    const ids = [];
    let pageToken;
    do {
      const page = await list({ maxResults: 50, pageToken });
      assert.ok(page.items.length <= 50);
      ids.push(...page.items.map(({ id }) => id));
      pageToken = page.nextPageToken;
    } while (pageToken);
    assert.deepEqual(ids, whole.items.map(({ id }) => id));
    assert.ok(ids.length > 100, "two months of seeds");
  });

  test("what cannot be asked is refused", async () => {
    const cases = [
      [{ orderBy: "startTime" }, "invalidParameter"],
      [{ orderBy: "size" }, "invalidParameter"],
      [{ timeMin: "2026-12-01" }, "invalidParameter"],
      [{ timeMin: hours(nextMonday(), 2), timeMax: hours(nextMonday(), 1) }, "timeRangeEmpty"],
      [{ maxResults: 0 }, "invalidParameter"],
      [{ privateExtendedProperty: ["bookingId"] }, "invalidParameter"],
      [{ timeZone: "Berlin" }, "invalid"],
    ];
    for (const [options, reason] of cases) await refused(list(options), 400, reason);
  });
});

describe("changing", () => {
  test("a patch merges, replaces arrays, and null clears", async () => {
    const event = await insert({ description: "d", location: "Room 4", attendees: guests(BEN, "sam@example.net"), extendedProperties: { private: { a: "1", b: "2" } } });
    const patch = (requestBody) => ana.events.patch({ ...primary, eventId: event.id, requestBody }).then(({ data }) => data);
    const changed = await patch({ description: null, attendees: guests(BEN), extendedProperties: { private: { a: null, c: "3" } } });
    assert.equal(changed.description, undefined);
    assert.equal(changed.location, "Room 4");
    assert.deepEqual(changed.attendees.map(({ email }) => email), [BEN]);
    assert.deepEqual(changed.extendedProperties.private, { b: "2", c: "3" });
    assert.equal(changed.sequence, 0, "texts and guests leave the sequence");
    assert.notEqual(changed.etag, event.etag);
    await refused(patch({ start: { date: "2026-12-01" } }), 400, "invalid");
    const allDay = await patch({
      start: { date: "2026-12-01", dateTime: null, timeZone: null },
      end: { date: "2026-12-02", dateTime: null, timeZone: null },
    });
    assert.deepEqual([allDay.start, allDay.end], [{ date: "2026-12-01" }, { date: "2026-12-02" }]);
    assert.equal(allDay.sequence, 1);
  });

  test("an update drops what it leaves out", async () => {
    const event = await insert({ description: "d", colorId: "5", attendees: guests(BEN) });
    const { data } = await ana.events.update({ ...primary, eventId: event.id, requestBody: meeting({ location: "Room 5" }) });
    assert.deepEqual([data.description, data.colorId, data.attendees], [undefined, undefined, undefined]);
    assert.equal(data.location, "Room 5");
    assert.equal(data.iCalUID, event.iCalUID);
    await refused(ana.events.update({ ...primary, eventId: event.id, requestBody: { summary: "x" } }), 400, "required");
  });

  test("a stale etag is refused and changes nothing", async () => {
    const event = await insert();
    const at = { ...primary, eventId: event.id };
    const headers = { "If-Match": event.etag };
    const { data: second } = await ana.events.patch({ ...at, requestBody: { summary: "Second" } }, { headers });
    await refused(ana.events.patch({ ...at, requestBody: { summary: "Third" } }, { headers }), 412, "conditionNotMet");
    await refused(ana.events.update({ ...at, requestBody: meeting() }, { headers }), 412, "conditionNotMet");
    await refused(ana.events.delete(at, { headers }), 412, "conditionNotMet");
    assert.equal((await ana.events.get(at)).data.etag, second.etag);
    await ana.events.patch({ ...at, requestBody: { summary: "Third" } }, { headers: { "If-Match": "*" } });
  });

  test("the sequence rises with time and place and never falls", async () => {
    const event = await insert();
    const patch = (requestBody) => ana.events.patch({ ...primary, eventId: event.id, requestBody }).then(({ data }) => data);
    const moved = await patch({ end: { dateTime: hours(nextMonday(), -18.5) } });
    assert.equal(moved.sequence, 1);
    assert.equal((await patch({ sequence: 7 })).sequence, 7);
    await refused(patch({ sequence: 6 }), 400, "invalid");
    assert.equal((await patch({ location: "Elsewhere" })).sequence, 8);
  });

  test("deleting leaves a tombstone; the second time it is gone", async () => {
    const event = await insert();
    const at = { ...primary, eventId: event.id };
    assert.equal((await ana.events.delete(at)).status, 204);
    await refused(ana.events.delete(at), 410, "deleted");
    assert.equal((await ana.events.get(at)).data.status, "cancelled");
    assert.equal((await ana.events.get(at)).data.sequence, 1);
  });

  test("an import keeps its organizer and tells nobody", async () => {
    const requestBody = meeting({ iCalUID: "abc@elsewhere.example", organizer: { email: "dana@elsewhere.example" }, attendees: guests(BEN) });
    const { data } = await ana.events.import({ ...primary, requestBody });
    assert.equal(data.iCalUID, "abc@elsewhere.example");
    assert.equal(data.organizer.email, "dana@elsewhere.example");
    assert.deepEqual(await box.mails(), []);
    assert.ok(!(await box.events(BEN)).some(({ ical_uid }) => ical_uid === "abc@elsewhere.example"));
    const { data: again } = await ana.events.import({ ...primary, requestBody: { ...requestBody, summary: "Changed" } });
    assert.equal(again.id, data.id);
    assert.equal(again.summary, "Changed");
    await refused(ana.events.import({ ...primary, requestBody: meeting() }), 400, "required");
  });
});

describe("guests", () => {
  const copyOf = async (event, who) => (await box.events(who)).find(({ ical_uid }) => ical_uid === event.iCalUID);

  test("Google guests get a copy in any case, others by mail only", async () => {
    const quiet = await insert({ attendees: guests(BEN, RAJ) });
    assert.equal((await copyOf(quiet, BEN)).status, "confirmed");
    assert.equal(await copyOf(quiet, RAJ), undefined);
    assert.deepEqual(await box.mails(), []);

    const told = await insert({ attendees: guests(BEN, RAJ, "sam@example.net") }, { sendUpdates: "all" });
    assert.equal((await copyOf(told, RAJ)).status, "confirmed");
    const mails = await box.mails();
    assert.deepEqual(mails.map(({ to, method }) => [to, method]), [[BEN, "REQUEST"], [RAJ, "REQUEST"], ["sam@example.net", "REQUEST"]]);
    assert.ok(mails.every(({ ics }) => ics.includes("METHOD:REQUEST\r\n") && ics.replaceAll("\r\n ", "").includes(`UID:${told.iCalUID}\r\n`)));
  });

  test("externalOnly reaches those outside, a removed guest and a cancellation say so", async () => {
    const event = await insert({ attendees: guests(BEN, "sam@example.net") }, { sendUpdates: "externalOnly" });
    assert.deepEqual((await box.mails()).map(({ to }) => to), ["sam@example.net"]);
    await box.control("DELETE", "mail");
    const at = { ...primary, eventId: event.id, sendUpdates: "all" };
    await ana.events.patch({ ...at, requestBody: { attendees: guests(BEN) } });
    assert.deepEqual((await box.mails()).map(({ to, method }) => [to, method]), [["sam@example.net", "CANCEL"], [BEN, "REQUEST"]]);
    await box.control("DELETE", "mail");
    await ana.events.patch({ ...at, requestBody: { extendedProperties: { private: { a: "1" } } } });
    assert.deepEqual(await box.mails(), [], "what guests cannot see is no news");
    await ana.events.delete(at);
    const [cancelled] = await box.mails();
    assert.deepEqual([cancelled.to, cancelled.method, cancelled.sequence], [BEN, "CANCEL", 1]);
    assert.equal((await copyOf(event, BEN)).status, "cancelled");
  });

  test("a guest answers and keeps private things, the rest is the organizer's", async () => {
    const event = await insert({ attendees: guests(ANA, BEN) });
    assert.equal(event.attendees[0].responseStatus, "accepted");
    assert.equal(event.attendees[0].organizer, true);
    const own = await copyOf(event, BEN);
    const at = { ...primary, eventId: own.id };
    const { data } = await ben.events.patch({ ...at, sendUpdates: "all", requestBody: { colorId: "3", attendees: [{ email: BEN, responseStatus: "declined" }] } });
    assert.equal(data.attendees.find(({ self }) => self).responseStatus, "declined");
    const { data: seen } = await ana.events.get({ ...primary, eventId: event.id });
    assert.equal(seen.attendees[1].responseStatus, "declined");
    assert.deepEqual((await box.mails()).map(({ from, to, method }) => [from, to, method]), [[BEN, ANA, "REPLY"]]);
    await refused(ben.events.patch({ ...at, requestBody: { summary: "Mine now" } }), 403, "forbiddenForNonOrganizer");
    await refused(ben.events.patch({ ...at, requestBody: { start: { dateTime: hours(nextMonday(), -21) } } }), 403, "forbiddenForNonOrganizer");
    await ana.events.patch({ ...primary, eventId: event.id, requestBody: { summary: "Renamed" } });
    const renamed = await ben.events.get(at);
    assert.equal(renamed.data.summary, "Renamed");
    assert.equal((await ana.events.get({ ...primary, eventId: event.id })).data.attendees[1].responseStatus, "declined");
  });

  test("a guest who deletes the own copy has declined", async () => {
    const event = await insert({ attendees: guests(TOM) });
    const tom = await calendarFor(TOM);
    await tom.events.delete({ ...primary, eventId: event.id });
    assert.equal((await ana.events.get({ ...primary, eventId: event.id })).data.attendees[0].responseStatus, "declined");
    assert.equal((await ana.events.get({ ...primary, eventId: event.id })).data.status, "confirmed");
  });
});

describe("faults", () => {
  test("every error of the catalogue is served under its name", async () => {
    const { google: names } = await box.control("GET", "faults/catalogue");
    assert.ok(names.length > 30);
    for (const name of names) {
      const fault = await box.fault({ provider: "google", kind: name, times: 1 });
      const about = fault.reason === name;
      assert.ok(about);
      const api = await fetch(`${box.google}/calendar/v3/calendars/primary/events`);
      const token = await fetch(`${box.google}/token`, { method: "POST", body: new URLSearchParams({ grant_type: "x" }) });
      const met = await box.control("GET", "faults");
      assert.deepEqual(met.faults, [], `${name} met neither the API nor the token endpoint`);
      const bodies = [await api.json(), await token.json()];
      assert.ok(bodies.every((body) => body.error), name);
      const [first, second] = (await box.requests("?provider=google")).slice(-2);
      assert.deepEqual([...first.faults, ...second.faults], ["error"]);
    }
  });

  test("a status comes with Retry-After and as often as told", async () => {
    await box.fault({ provider: "google", kind: "status", status: 429, retry_after: 7, times: 1, match: { method: "POST" } });
    assert.equal((await ana.events.list(primary)).status, 200);
    const error = await refused(insert(), 429, "rateLimitExceeded");
    assert.equal(error.response.headers.get("retry-after"), "7");
    await insert();
    await box.fault({ provider: "google", kind: "status", status: 502, match: { path_prefix: "/calendar/v3/freeBusy" } });
    await insert();
    await refused(ana.freebusy.query({ requestBody: {} }), 502, "backendError");
  });

  test("a write can take effect unseen, and its repeat is a duplicate", async () => {
    const id = "b42once";
    await box.fault({ provider: "google", kind: "drop_after_write", times: 1 });
    await assert.rejects(insert({ id }), (error) => error.response === undefined);
    await refused(insert({ id }), 409, "duplicate");
    assert.equal((await ana.events.get({ ...primary, eventId: id })).data.summary, "Interview: Backend engineer");
    await box.fault({ provider: "google", kind: "drop_before_write", times: 1 });
    await assert.rejects(insert({ id: "b43once" }), (error) => error.response === undefined);
    await insert({ id: "b43once" });
    const dropped = (await box.requests()).filter(({ status }) => status === null);
    assert.deepEqual(dropped.map(({ faults }) => faults[0]), ["drop_after_write", "drop_before_write"]);
  });

  test("a fault may be for one person, be taken back, and be wrong", async () => {
    const fault = await box.fault({ provider: "google", kind: "quotaExceeded", account: BEN });
    await ana.events.list(primary);
    await refused(ben.events.list(primary), 403, "quotaExceeded");
    await box.control("DELETE", `faults/${fault.id}`);
    await ben.events.list(primary);
    for (const wrong of [
      { kind: "status", status: 503 },
      { provider: "google", kind: "noSuchThing" },
      { provider: "google", kind: "status", status: 200 },
      { provider: "google", kind: "latency" },
      { provider: "google", kind: "status", status: 503, times: 0 },
      { provider: "google", kind: "status", status: 503, colour: "red" },
      { provider: "google", kind: "revoke", account: RAJ },
    ]) {
      await assert.rejects(box.fault(wrong), /422/, JSON.stringify(wrong));
    }
  });

  test("requests are remembered without their secrets", async () => {
    await insert({ summary: "Remember me" }, { sendUpdates: "all" });
    const [request] = (await box.requests("?provider=google")).slice(-1);
    assert.equal(request.method, "POST");
    assert.equal(request.path, "/calendar/v3/calendars/primary/events");
    assert.deepEqual(request.query, [["sendUpdates", "all"]]);
    assert.equal(request.account, ANA);
    assert.equal(request.body.summary, "Remember me");
    assert.equal(request.status, 200);
    assert.equal(request.headers.authorization, undefined);
    assert.deepEqual(await box.requests(`?since=${request.number}`), []);
    const token = new URLSearchParams({ grant_type: "refresh_token", refresh_token: "r", client_id: "c", client_secret: "s" });
    await fetch(`${box.google}/token`, { method: "POST", body: token });
    const text = JSON.stringify((await box.requests()).at(-1).body);
    assert.ok(!text.includes('"s"') && !text.includes('"r"'), text);
    await box.control("DELETE", "requests");
    assert.deepEqual(await box.requests(), []);
  });
});
