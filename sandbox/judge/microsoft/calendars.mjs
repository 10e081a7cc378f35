// Graph: the person, calendars, views, getSchedule, permissions, batches.

import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { BatchRequestContent, PageIterator } from "@microsoft/microsoft-graph-client";
import {
  BEN, CHLOE, HTTPS, MIA, RAJ, assertEvent, assertType, at, box, draft, enc, graphAs, plainAs, refused, when,
} from "./tools.mjs";

beforeEach(() => box.reset());

/** A window of two weeks from tomorrow, as query text. */
const window = `startDateTime=${at(1, "00:00:00")}Z&endDateTime=${at(15, "00:00:00")}Z`;

describe("Microsoft Graph: me and calendars", () => {
  test("/me tells who it is", async () => {
    const me = await (await graphAs(CHLOE)).api("/me").get();
    assertType("User", me);
    assert.equal(me.mail, CHLOE);
    assert.equal(me.userPrincipalName, CHLOE);
    assert.equal(me.displayName, "Chloe Dubois");
    const selected = await (await graphAs(MIA)).api("/me").select("mail,displayName").get();
    assert.deepEqual(Object.keys(selected).filter((name) => !name.startsWith("@")).sort(), ["displayName", "id", "mail"]);
    const settings = await (await graphAs(RAJ)).api("/me/mailboxSettings").get();
    assert.equal(settings.timeZone, "India Standard Time");
    assertType("MailboxSettings", settings);
  });

  test("calendars: the default one is told apart, and Teams is for work accounts", async () => {
    const client = await graphAs(CHLOE);
    const { value } = await client.api("/me/calendars").get();
    assertType("Calendar", value[0]);
    assert.deepEqual(value.map((one) => one.isDefaultCalendar), [true]);
    assert.deepEqual(value[0].allowedOnlineMeetingProviders, ["teamsForBusiness"]);
    assert.equal(value[0].owner.address, CHLOE);
    assert.equal((await client.api("/me/calendar").get()).id, value[0].id);
    assert.equal((await client.api(`/me/calendars/${enc(value[0].id)}`).get()).name, "Calendar");
    const personal = await (await graphAs(MIA)).api("/me/calendar").get();
    assert.deepEqual(personal.allowedOnlineMeetingProviders, []);
    await refused(client.api(`/me/calendars/${enc(personal.id)}`).get(), 404, "ErrorItemNotFound");
  });

  test("a calendar can be made, renamed and deleted; the default one stays", async () => {
    const client = await graphAs(CHLOE);
    const made = await client.api("/me/calendars").post({ name: "Convene" });
    assert.equal(made.isTallyingResponses, false);
    assert.equal(made.isRemovable, true);
    await refused(client.api("/me/calendars").post({ name: "convene" }), 409, "ErrorFolderExists");
    await refused(client.api("/me/calendars").post({ title: "x" }), 400, "RequestBodyRead");
    await refused(client.api("/me/calendars").post({}), 400, "ErrorInvalidRequest");
    const path = `/me/calendars/${enc(made.id)}`;
    assert.equal((await client.api(path).patch({ name: "Interviews" })).name, "Interviews");
    const event = await client.api(`${path}/events`).post(draft());
    assert.equal((await client.api(`${path}/events`).get()).value[0].id, event.id);
    assert.equal((await client.api(`${path}/calendarView?startDateTime=${at(29)}&endDateTime=${at(31)}`).get()).value.length, 1);
    await client.api(path).delete();
    await refused(client.api(path).get(), 404, "ErrorItemNotFound");
    await refused(client.api(`/me/events/${enc(event.id)}`).get(), 404, "ErrorItemNotFound");
    const { id } = await client.api("/me/calendar").get();
    await refused(client.api(`/me/calendars/${enc(id)}`).delete(), 400, "ErrorDeleteDistinguishedFolder");
  });

  test("an operation Graph does not have is refused", async () => {
    const client = await graphAs(CHLOE);
    await refused(client.api("/me/kalenders").get(), 400, "BadRequest");
    await refused(client.api("/me/calendarView").post({}), 405, "BadRequest");
    const anonymous = await fetch(`${HTTPS}/v1.0/me`);
    assert.equal(anonymous.status, 401);
    assert.equal((await anonymous.json()).error.code, "InvalidAuthenticationToken");
  });
});

describe("Microsoft Graph: calendar view", () => {
  test("pages lead through the whole view, on the origin that was asked", async () => {
    const client = await graphAs(CHLOE);
    const whole = await client.api(`/me/calendarView?${window}`).top(1000).get();
    assert.equal(whole["@odata.nextLink"], undefined);
    assert.ok(whole.value.length > 20);
    whole.value.forEach(assertEvent);
    const first = await client.api(`/me/calendarView?${window}`).select("id,subject,start,end,showAs").top(7).get();
    assert.ok(first["@odata.nextLink"].startsWith(`${HTTPS}/v1.0/me/calendarView?`));
    assert.deepEqual(Object.keys(first.value[0]).filter((name) => !name.startsWith("@")).sort(), ["end", "id", "showAs", "start", "subject"]);
    const seen = [];
    await new PageIterator(client, first, (event) => seen.push(event.id) > 0).iterate();
    assert.deepEqual(seen, whole.value.map((event) => event.id));
    const size = await client.api(`/me/calendarView?${window}`).header("Prefer", "odata.maxpagesize=3").get();
    assert.equal(size.value.length, 3);
    assert.equal((await client.api(`/me/calendarView?${window}`).get()).value.length, 10, "ten without being asked");
    const counted = await client.api(`/me/calendarView?${window}`).count(true).top(1).get();
    assert.equal(counted["@odata.count"], whole.value.length);
    const plain = await plainAs(CHLOE);
    const overHttp = await plain("GET", `/me/calendarView?${window}&$top=1`, { base: box.microsoft });
    assert.ok(overHttp.body["@odata.nextLink"].startsWith(`${box.microsoft}/v1.0/`));
  });

  test("it shows what is in the calendar, in order", async () => {
    const client = await graphAs(RAJ);
    const { value } = await client.api(`/me/calendarView?${window}`).top(1000).get();
    const starts = value.filter((event) => !event.isAllDay).map((event) => event.start.dateTime);
    assert.deepEqual(starts, [...starts].sort());
    const names = new Set((await box.events(RAJ)).map((event) => event.summary));
    assert.ok(value.every((event) => names.has(event.subject)));
    const kinds = new Set(value.map((event) => event.showAs));
    assert.ok(kinds.has("busy") && kinds.has("free"));
    assert.ok(value.some((event) => event.responseStatus.response === "declined"));
    assert.ok(value.some((event) => event.type === "occurrence" && event.seriesMasterId));
    const down = await client.api(`/me/calendarView?${window}`).orderby("start/dateTime desc").top(5).get();
    assert.ok(down.value[0].start.dateTime > down.value[4].start.dateTime);
  });

  test("bounds are exclusive at the end and read by their own offset", async () => {
    const client = await graphAs(MIA);
    const made = await client.api("/me/events").post(draft({ start: when(at(30, "03:00:00")), end: when(at(30, "04:00:00")) }));
    const seen = async (from, until) => {
      const { value } = await client.api(`/me/calendarView?startDateTime=${enc(from)}&endDateTime=${enc(until)}`).top(1000).get();
      return value.some((event) => event.id === made.id);
    };
    assert.equal(await seen(`${at(30, "04:00:00")}Z`, `${at(30, "05:00:00")}Z`), false);
    assert.equal(await seen(`${at(30, "02:00:00")}Z`, `${at(30, "03:00:00")}Z`), false);
    assert.equal(await seen(`${at(30, "03:59:00")}Z`, `${at(30, "05:00:00")}Z`), true);
    assert.equal(await seen(`${at(30, "05:00:00")}+02:00`, `${at(30, "05:30:00")}+02:00`), true);
    assert.equal(await seen(at(30, "03:00:00"), at(30, "03:30:00")), true, "no offset is UTC");
  });

  test("a preferred zone changes answers, by Windows or IANA name", async () => {
    const client = await graphAs(CHLOE);
    const { id } = await client.api("/me/events").post(draft({
      start: when("2027-07-01T16:00:00", "W. Europe Standard Time"), end: when("2027-07-01T16:45:00", "W. Europe Standard Time"),
    }));
    const plain = await plainAs(CHLOE);
    const start = async (zone) => {
      const answer = await plain("GET", `/me/events/${enc(id)}`, { headers: { prefer: `outlook.timezone="${zone}"` } });
      assert.equal(answer.headers.get("preference-applied"), `outlook.timezone="${zone}"`);
      return answer.body.start;
    };
    assert.deepEqual(await start("Pacific Standard Time"), { dateTime: "2027-07-01T07:00:00.0000000", timeZone: "Pacific Standard Time" });
    assert.deepEqual(await start("Asia/Kolkata"), { dateTime: "2027-07-01T19:30:00.0000000", timeZone: "Asia/Kolkata" });
    const event = await client.api(`/me/events/${enc(id)}`).get();
    assert.deepEqual(event.start, { dateTime: "2027-07-01T14:00:00.0000000", timeZone: "UTC" });
    assert.equal(event.originalStartTimeZone, "W. Europe Standard Time");
    await refused(client.api(`/me/events/${enc(id)}`).header("Prefer", 'outlook.timezone="Mars"').get(), 400, "TimeZoneNotSupportedException");
  });

  test("questions Graph refuses", async () => {
    const client = await graphAs(CHLOE);
    const view = (query) => client.api(`/me/calendarView?${query}`).get();
    await refused(view(""), 400, "ErrorInvalidParameter");
    await refused(view("startDateTime=yesterday&endDateTime=2027-01-01"), 400, "ErrorInvalidParameter");
    await refused(view("startDateTime=2027-01-02&endDateTime=2027-01-01"), 400, "ErrorInvalidRequest");
    const long = await refused(view("startDateTime=2020-01-01&endDateTime=2027-01-01"), 400, "ErrorInvalidRequest");
    assert.match(long.message, /1825/);
    await refused(view(`${window}&$top=1001`), 400, "ErrorInvalidUrlQuery");
    await refused(view(`${window}&$select=nonsense`), 400, "RequestBroker--ParseUri");
    await refused(view(`${window}&$select=createdDateTime`), 400, "ErrorInvalidProperty");
    await refused(view(`${window}&$filter=subject is 'x'`), 400, "BadRequest");
    await refused(view(`${window}&$search=x`), 400, "BadRequest");
  });
});

describe("Microsoft Graph: getSchedule", () => {
  const ask = (extra = {}) => ({
    schedules: [CHLOE, RAJ], startTime: when(at(1, "00:00:00")), endTime: when(at(8, "00:00:00")), availabilityViewInterval: 60, ...extra,
  });

  test("colleagues' time is told, others are errors and never free", async () => {
    const client = await graphAs(CHLOE);
    const { value } = await client.api("/me/calendar/getSchedule").post(ask({ schedules: [CHLOE, RAJ, BEN, MIA, "nobody@example.org"] }));
    assert.deepEqual(value.map((one) => one.scheduleId), [CHLOE, RAJ, BEN, MIA, "nobody@example.org"]);
    const [chloe, raj, ...strangers] = value;
    for (const one of [chloe, raj]) {
      assertType("ScheduleInformation", one);
      one.scheduleItems.forEach((item) => assertType("ScheduleItem", item));
      assert.match(one.availabilityView, /^[0-3]{168}$/);
      assert.ok(one.availabilityView.includes("2") && one.availabilityView.includes("0"));
    }
    assert.equal(raj.workingHours.timeZone.name, "India Standard Time");
    assert.ok(chloe.scheduleItems.every((item) => "subject" in item), "one's own");
    assert.ok(raj.scheduleItems.every((item) => !("subject" in item)), "a colleague's");
    for (const stranger of strangers) {
      assert.equal(stranger.error.responseCode, "ErrorMailRecipientNotFound");
      assert.equal(stranger.availabilityView, undefined);
    }
  });

  test("an event shows as what it is", async () => {
    const client = await graphAs(CHLOE);
    const raj = await graphAs(RAJ);
    const day = 2 + ((13 - new Date(Date.now() + 2 * 86_400_000).getUTCDay()) % 7); // a Saturday, free for everybody
    for (const [hour, showAs] of [["01", "tentative"], ["02", "busy"], ["03", "oof"], ["04", "workingElsewhere"], ["05", "free"]]) {
      await raj.api("/me/events").post(draft({ showAs, start: when(at(day, `${hour}:00:00`)), end: when(at(day, `${hour}:30:00`)) }));
    }
    const { value } = await client.api("/me/calendar/getSchedule").header("Prefer", 'outlook.timezone="India Standard Time"').post(
      ask({ schedules: [RAJ], startTime: when(at(day, "01:00:00")), endTime: when(at(day, "06:00:00")), availabilityViewInterval: 30 }),
    );
    assert.equal(value[0].availabilityView, "1020300000");
    assert.deepEqual(value[0].scheduleItems.map((item) => item.status), ["tentative", "busy", "oof", "workingElsewhere", "free"]);
    assert.deepEqual(value[0].scheduleItems[0].start, { dateTime: `${at(day, "06:30:00")}.0000000`, timeZone: "India Standard Time" });
  });

  test("limits, and no personal accounts", async () => {
    const client = await graphAs(CHLOE);
    const post = (extra) => client.api("/me/calendar/getSchedule").post(ask(extra));
    const many = Array.from({ length: 21 }, (_, n) => `p${n}@example.org`);
    await refused(post({ schedules: many }), 400, "ErrorMailboxDataArrayTooBig");
    await refused(post({ endTime: when(at(64, "00:00:00")) }), 400, "ErrorTimeIntervalTooBig");
    await refused(post({ endTime: when(at(0, "00:00:00")) }), 400, "ErrorInvalidTimeInterval");
    await refused(post({ availabilityViewInterval: 4 }), 400, "ErrorInvalidMergedFreeBusyInterval");
    await refused(post({ availabilityViewInterval: 1441 }), 400, "ErrorInvalidMergedFreeBusyInterval");
    await refused(post({ startTime: when(`${at(1)}Z`) }), 400, "ErrorPropertyValidationFailure");
    await refused(post({ users: [] }), 400, "RequestBodyRead");
    const upper = { Schedules: [RAJ], StartTime: when(at(1)), EndTime: when(at(2)) };
    assert.equal((await client.api("/me/calendar/getSchedule").post(upper)).value.length, 1);
    await refused((await graphAs(MIA)).api("/me/calendar/getSchedule").post(ask()), 403, "ErrorAccessDenied");
  });

  test("one mailbox can be made to fail", async () => {
    await box.fault({ provider: "microsoft", kind: "calendar_error", calendar: RAJ, reason: "ErrorProxyRequestProcessingFailed" });
    const { value } = await (await graphAs(CHLOE)).api("/me/calendar/getSchedule").post(ask());
    assert.equal(value[1].error.responseCode, "ErrorProxyRequestProcessingFailed");
    assert.equal(value[0].error, undefined);
  });
});

describe("Microsoft Graph: permissions", () => {
  test("each operation needs its scope", async () => {
    const denied = async (scope, method, path, body) => {
      const call = (await graphAs(CHLOE, [scope])).api(path);
      await refused(method === "get" ? call.get() : call[method](body), 403, "ErrorAccessDenied");
    };
    const view = `/me/calendarView?${window}`;
    await denied("Calendars.ReadWrite", "get", "/me");
    await denied("User.Read", "get", "/me/calendars");
    await denied("Calendars.ReadBasic", "get", view);
    await denied("Calendars.ReadBasic", "get", "/me/events");
    await denied("Calendars.Read", "post", "/me/events", draft());
    await denied("Calendars.Read", "post", "/me/calendars", { name: "x" });
    await denied("Calendars.ReadWrite", "get", "/me/mailboxSettings");
    const basic = await graphAs(CHLOE, ["Calendars.ReadBasic"]);
    assert.ok((await basic.api("/me/calendars").get()).value.length);
    const ask = { schedules: [RAJ], startTime: when(at(1)), endTime: when(at(2)) };
    assert.ok((await basic.api("/me/calendar/getSchedule").post(ask)).value[0].availabilityView);
    assert.ok((await (await graphAs(CHLOE, ["Calendars.Read"])).api(view).get()).value.length);
  });
});

describe("Microsoft Graph: batches", () => {
  test("answers come in another order, with their own statuses", async () => {
    const client = await graphAs(CHLOE);
    const requests = [
      { id: "1", method: "POST", url: "/me/events", headers: { "Content-Type": "application/json" }, body: draft() },
      { id: "2", method: "GET", url: "/me/events/nonsense" },
      { id: "3", method: "GET", url: `/me/calendarView?${window}`, headers: { Prefer: 'outlook.timezone="Asia/Tokyo"' } },
      { id: "4", method: "GET", url: "/me", dependsOn: ["2"] },
      { id: "5", method: "GET", url: "/me/calendar", dependsOn: ["1"] },
    ];
    const { responses } = await client.api("/$batch").post({ requests });
    assert.notDeepEqual(responses.map((one) => one.id), requests.map((one) => one.id));
    const by = Object.fromEntries(responses.map((one) => [one.id, one]));
    assert.deepEqual(["1", "2", "3", "4", "5"].map((id) => by[id].status), [201, 400, 200, 424, 200]);
    assertEvent(by[1].body);
    assert.equal(by[2].body.error.code, "ErrorInvalidIdMalformed");
    assert.equal(by[3].body.value[0].start.timeZone, "Asia/Tokyo");
    assert.equal(by[4].body.error.code, "FailedDependency");
  });

  test("the SDK's own batch builder is understood", async () => {
    const client = await graphAs(CHLOE);
    const steps = ["/me", "/me/calendar"].map((path, index) => ({ id: String(index), request: new Request(`${HTTPS}/v1.0${path}`) }));
    const content = await new BatchRequestContent(steps).getContent();
    for (const request of content.requests) request.url = request.url.replace(/^.*\/v1\.0/, "");
    const { responses } = await client.api("/$batch").post(content);
    assert.deepEqual(responses.map((one) => one.status), [200, 200]);
  });

  test("a batch may hold twenty, and must be well made", async () => {
    const client = await graphAs(CHLOE);
    const post = (requests) => client.api("/$batch").post({ requests });
    const some = (count) => Array.from({ length: count }, (_, n) => ({ id: String(n), method: "GET", url: "/me" }));
    assert.equal((await post(some(20))).responses.length, 20);
    await refused(post(some(21)), 400, "MaxBatchRequestsExceeded");
    await refused(post([]), 400, "BadRequest");
    await refused(post([{ id: "1", method: "POST", url: "/me/events", body: draft() }]), 400, "BadRequest");
    await refused(post([{ id: "1", method: "GET", url: `${HTTPS}/v1.0/me` }]), 400, "BadRequest");
    await refused(post([{ id: "1", method: "GET", url: "/me" }, { id: "1", method: "GET", url: "/me" }]), 400, "BadRequest");
    await refused(post([{ id: "1", method: "GET", url: "/me", dependsOn: ["9"] }]), 400, "BadRequest");
  });

  test("a deletion inside has no body, a throttled one its own Retry-After", async () => {
    const client = await graphAs(CHLOE);
    const { id } = await client.api("/me/events").post(draft());
    await box.fault({ provider: "microsoft", kind: "status", status: 429, retry_after: 7, times: 1, match: { path_prefix: "/v1.0/me/calendars" } });
    const requests = [
      { id: "gone", method: "DELETE", url: `/me/events/${enc(id)}` },
      { id: "slow", method: "GET", url: "/me/calendars" },
    ];
    const { responses } = await client.api("/$batch").post({ requests });
    const by = Object.fromEntries(responses.map((one) => [one.id, one]));
    assert.equal(by.gone.status, 204);
    assert.equal("body" in by.gone, false);
    assert.equal(by.slow.status, 429);
    assert.equal(by.slow.headers["Retry-After"], "7");
  });
});
