// Graph: one person's events: create, read, update, delete, ids, etags, properties, what is refused.

import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { BOOKING, CHLOE, MIA, RAJ, assertEvent, at, box, draft, enc, graphAs, plainAs, refused, when } from "./tools.mjs";

beforeEach(() => box.reset());

const path = (id) => `/me/events/${enc(id)}`;

describe("Microsoft Graph: events", () => {
  test("create, read, update, delete", async () => {
    const client = await graphAs(CHLOE);
    const made = await client.api("/me/events").post(draft({
      body: { contentType: "html", content: "<p>Bring <b>questions</b> &amp; water</p>" },
      location: { displayName: "Room 4" }, showAs: "oof", sensitivity: "private", importance: "high", categories: ["Blue category"],
      isReminderOn: false, reminderMinutesBeforeStart: 5, responseRequested: false, allowNewTimeProposals: false,
    }));
    assertEvent(made);
    assert.deepEqual(made.start, { dateTime: `${at(30, "09:00:00")}.0000000`, timeZone: "UTC" });
    assert.equal(made.organizer.emailAddress.address, CHLOE);
    assert.equal(made.type, "singleInstance");
    assert.equal("transactionId" in made, false, "returned only if it was set");
    const read = await client.api(path(made.id)).get();
    assert.equal(read.bodyPreview, "Bring questions & water");
    assert.equal(read.body.contentType, "html");
    assert.match(read.body.content, /<body>[^]*<b>questions<\/b>/);
    assert.deepEqual([read.location.displayName, read.locations.length], ["Room 4", 1]);
    assert.deepEqual([read.showAs, read.sensitivity, read.importance, read.categories], ["oof", "private", "high", ["Blue category"]]);
    assert.deepEqual([read.isReminderOn, read.reminderMinutesBeforeStart, read.responseRequested, read.allowNewTimeProposals], [false, 5, false, false]);
    const text = await client.api(path(made.id)).header("Prefer", 'outlook.body-content-type="text"').get();
    assert.deepEqual(text.body, { contentType: "text", content: "Bring questions & water" });

    const changed = await client.api(path(made.id)).patch({ subject: "Moved", start: when(at(31)), end: when(at(31, "09:45:00")), categories: [] });
    assertEvent(changed);
    assert.equal(changed.subject, "Moved");
    assert.deepEqual(changed.categories, [], "arrays are replaced whole");
    assert.equal(changed.location.displayName, "Room 4", "what is left out stays");
    assert.equal(changed.iCalUId, made.iCalUId);
    assert.notEqual(changed.changeKey, made.changeKey);
    assert.ok((await box.events(CHLOE)).some((event) => event.summary === "Moved"));

    await client.api(path(made.id)).delete();
    await refused(client.api(path(made.id)).get(), 404, "ErrorItemNotFound");
    await refused(client.api(path(made.id)).delete(), 404, "ErrorItemNotFound");
    await refused(client.api(path(made.id)).patch({ subject: "x" }), 404, "ErrorItemNotFound");
  });

  test("answers without content have none", async () => {
    const plain = await plainAs(CHLOE);
    const { body } = await plain("POST", "/me/events", { body: draft() });
    const gone = await plain("DELETE", path(body.id));
    assert.deepEqual([gone.status, gone.text], [204, ""]);
    const second = await plain("POST", "/me/events", { body: draft() });
    const cancelled = await plain("POST", `${path(second.body.id)}/cancel`, { body: { Comment: "sorry" } });
    assert.deepEqual([cancelled.status, cancelled.text, cancelled.headers.get("content-type")], [202, "", null]);
    const view = await plain("GET", `/me/calendarView?startDateTime=${at(29)}&endDateTime=${at(31)}&$top=1000`);
    assert.ok(view.body.value.every((event) => event.id !== second.body.id), "cancelled is gone");
  });

  test("the request's own id comes back", async () => {
    const plain = await plainAs(CHLOE);
    const mine = "7b9c3c0e-5b43-4b44-9d0a-0c5f1f7f8a10";
    const refusal = await plain("GET", path("AAMkADnothing="), { headers: { "client-request-id": mine } });
    assert.equal(refusal.status, 404);
    assert.equal(refusal.body.error.innerError["client-request-id"], mine);
    assert.equal(refusal.body.error.innerError["request-id"], refusal.headers.get("request-id"));
    assert.match(refusal.body.error.innerError.date, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);
  });

  test("a repeated create with the same transactionId makes one event", async () => {
    const client = await graphAs(CHLOE);
    const body = draft({ subject: "Once", transactionId: "booking-42", attendees: [] });
    const first = await client.api("/me/events").post(body);
    const second = await client.api("/me/events").post(body);
    assert.equal(first.transactionId, "booking-42");
    assert.equal(second.id, first.id);
    assert.equal((await box.events(CHLOE)).filter((event) => event.summary === "Once").length, 1);
    await refused(client.api(path(first.id)).patch({ transactionId: "other" }), 400, "ErrorInvalidPropertySet");
    const raj = await (await graphAs(RAJ)).api("/me/events").post(body);
    assert.notEqual(raj.id, first.id, "it counts per mailbox");
  });

  test("extended properties: found by value, shown when expanded", async () => {
    const client = await graphAs(MIA);
    const property = { id: BOOKING, value: "b-42" };
    const made = await client.api("/me/events").post(draft({ singleValueExtendedProperties: [property] }));
    assert.equal(made.singleValueExtendedProperties, undefined);
    const where = (value) => `singleValueExtendedProperties/Any(ep: ep/id eq '${BOOKING}' and ep/value eq '${value}')`;
    const found = await client.api("/me/events").filter(where("b-42")).get();
    assert.deepEqual(found.value.map((event) => event.id), [made.id]);
    assert.deepEqual((await client.api("/me/events").filter(where("b-4")).get()).value, []);
    const expand = `singleValueExtendedProperties($filter=id eq '${BOOKING}')`;
    assert.deepEqual((await client.api(path(made.id)).expand(expand).get()).singleValueExtendedProperties, [property]);
    await client.api(path(made.id)).patch({ singleValueExtendedProperties: [{ id: BOOKING, value: "b-43" }] });
    assert.equal((await client.api("/me/events").filter(where("b-43")).expand(expand).get()).value[0].singleValueExtendedProperties[0].value, "b-43");
    await refused(client.api("/me/events").post(draft({ singleValueExtendedProperties: [{ id: "bookingId", value: "1" }] })), 400, "ErrorInvalidPropertyId");
  });

  test("simple filters", async () => {
    const client = await graphAs(CHLOE);
    const { id } = await client.api("/me/events").post(draft({ subject: "It's Convene" }));
    const ids = async (filter) => (await client.api("/me/events").filter(filter).top(1000).get()).value.map((event) => event.id);
    assert.deepEqual(await ids("subject eq 'It''s Convene'"), [id]);
    assert.deepEqual(await ids("startsWith(subject,'it''s c') and isAllDay eq false"), [id]);
    assert.ok((await ids(`start/dateTime ge '${at(30)}'`)).includes(id));
    assert.ok(!(await ids(`start/dateTime gt '${at(30, "09:00:01")}'`)).includes(id));
  });

  test("If-Match guards against overwriting", async () => {
    const client = await graphAs(CHLOE);
    const made = await client.api("/me/events").post(draft());
    const first = await client.api(path(made.id)).header("If-Match", made["@odata.etag"]).patch({ subject: "A" });
    await refused(client.api(path(made.id)).header("If-Match", made["@odata.etag"]).patch({ subject: "B" }), 412, "ErrorIrresolvableConflict");
    await refused(client.api(path(made.id)).header("If-Match", made["@odata.etag"]).delete(), 412, "ErrorIrresolvableConflict");
    assert.equal((await client.api(path(made.id)).header("If-Match", "*").patch({ subject: "C" })).subject, "C");
    assert.notEqual(first["@odata.etag"], made["@odata.etag"]);
  });

  test("immutable ids have another form and lead to the same event", async () => {
    const client = await graphAs(CHLOE);
    const wish = 'IdType="ImmutableId"';
    const made = await client.api("/me/events").header("Prefer", wish).post(draft());
    const other = await client.api("/me/events").filter("subject eq 'Interview'").get();
    const mutable = other.value.find((event) => event.iCalUId === made.iCalUId).id;
    assert.notEqual(mutable, made.id);
    for (const id of [mutable, made.id]) {
      assert.equal((await client.api(path(id)).header("Prefer", wish).get()).id, made.id);
      assert.equal((await client.api(path(id)).get()).id, mutable);
    }
    assert.ok((await box.events(CHLOE)).some((event) => event.id === made.id), "the control API knows the immutable one");
    const plain = await plainAs(CHLOE);
    const answer = await plain("GET", path(made.id), { headers: { prefer: `${wish}, outlook.timezone="UTC"` } });
    assert.equal(answer.headers.get("preference-applied"), `${wish}, outlook.timezone="UTC"`);
    await refused(client.api("/me/events/42").get(), 400, "ErrorInvalidIdMalformed");
    await refused((await graphAs(RAJ)).api(path(made.id)).get(), 404, "ErrorItemNotFound");
  });
});

describe("Microsoft Graph: times", () => {
  test("a wall clock in a zone, across a change of offset", async () => {
    const client = await graphAs(CHLOE);
    const zoned = (time) => when(time, "Eastern Standard Time");
    const gap = await client.api("/me/events").post(draft({ start: zoned("2027-03-14T02:30:00"), end: zoned("2027-03-14T04:00") }));
    assert.equal(gap.start.dateTime, "2027-03-14T07:30:00.0000000", "what does not exist moves later");
    const fold = await client.api("/me/events").post(draft({ start: zoned("2027-11-07T01:30:00"), end: zoned("2027-11-07T03:00:00.0000000") }));
    assert.equal(fold.start.dateTime, "2027-11-07T05:30:00.0000000", "what happens twice is the first");
  });

  test("whole days run from midnight to midnight whatever zone is preferred", async () => {
    const client = await graphAs(CHLOE);
    const zone = "W. Europe Standard Time";
    const day = { isAllDay: true, start: when("2027-05-03T00:00:00", zone), end: when("2027-05-04T00:00:00", zone) };
    const made = await client.api("/me/events").header("Prefer", 'outlook.timezone="Tokyo Standard Time"').post(draft(day));
    assert.deepEqual(made.start, when("2027-05-03T00:00:00.0000000", "Tokyo Standard Time"));
    assert.deepEqual(made.end, when("2027-05-04T00:00:00.0000000", "Tokyo Standard Time"));
    const seen = async (from, until) => (await client.api(`/me/calendarView?startDateTime=${from}&endDateTime=${until}`).get()).value.length;
    assert.equal(await seen("2027-05-03T21:59:00Z", "2027-05-03T22:00:00Z"), 1, "a Berlin day ends at ten in the evening UTC");
    assert.equal(await seen("2027-05-03T22:00:00Z", "2027-05-04T00:00:00Z"), 0);
    const refuse = (change) => refused(client.api("/me/events").post(draft({ ...day, ...change })), 400, "ErrorInvalidRequest");
    await refuse({ start: when("2027-05-03T09:00:00", zone) });
    await refuse({ end: when("2027-05-03T00:00:00", zone) });
    await refuse({ end: when("2027-05-04T00:00:00", "UTC") });
    await refused(client.api(path(made.id)).patch({ start: when("2027-05-03T09:00:00", zone) }), 400, "ErrorInvalidRequest");
    const midnight = await client.api("/me/events").post(draft({ start: day.start, end: day.end }));
    assert.equal(midnight.isAllDay, false, "midnight alone is a timed event");
  });
});

describe("Microsoft Graph: bodies it refuses", () => {
  const cases = [
    ["an offset in dateTime", { start: when(`${at(30)}Z`) }, "ErrorPropertyValidationFailure"],
    ["no zone", { start: { dateTime: at(30) } }, "ErrorPropertyValidationFailure"],
    ["an unknown zone", { start: when(at(30), "Mars Standard Time") }, "TimeZoneNotSupportedException"],
    ["nonsense for a time", { start: when("tomorrow") }, "ErrorPropertyValidationFailure"],
    ["an end before the start", { end: when(at(29)) }, "ErrorCalendarEndDateIsEarlierThanStartDate"],
    ["no start", { start: undefined }, "ErrorPropertyValidationFailure"],
    ["an unknown property", { title: "x" }, "RequestBodyRead"],
    ["an enumeration in the wrong case", { showAs: "Busy" }, "RequestBodyRead"],
    ["a wrong kind", { isAllDay: "yes" }, "RequestBodyRead"],
    ["a read-only property", { iCalUId: "mine" }, "ErrorInvalidPropertySet"],
    ["null for a collection", { attendees: null }, "RequestBodyRead"],
    ["an unknown property inside", { location: { name: "Room 4" } }, "RequestBodyRead"],
    ["a guest without an address", { attendees: [{ emailAddress: { name: "Sam" }, type: "required" }] }, "ErrorInvalidRecipients"],
  ];
  for (const [name, change, code] of cases) {
    test(name, async () => {
      const client = await graphAs(CHLOE);
      const before = (await box.events(CHLOE)).length;
      await refused(client.api("/me/events").post(draft(change)), 400, code);
      assert.equal((await box.events(CHLOE)).length, before, "nothing was written");
      const { id } = await client.api("/me/events").post(draft());
      if (name !== "no start") await refused(client.api(path(id)).patch(JSON.parse(JSON.stringify(change))), 400, code);
    });
  }

  test("no JSON at all", async () => {
    const plain = await plainAs(CHLOE);
    assert.equal((await plain("POST", "/me/events")).body.error.code, "BadRequest");
  });
});
