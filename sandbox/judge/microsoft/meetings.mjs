// Graph: what involves others: invitations, updates, cancellations, answers, Teams, series, and the other provider.

import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { BEN, CHLOE, MIA, RAJ, assertEvent, at, box, draft, enc, graphAs, guest, refused, when } from "./tools.mjs";

beforeEach(() => box.reset());

const path = (id) => `/me/events/${enc(id)}`;
const ANSWERS = "https://www.googleapis.com/auth/calendar";

/** The mails of this world as [to, method], sorted by address, from this number on. */
async function mails(from = 0) {
  return (await box.mails()).slice(from).map((mail) => [mail.to, mail.method]).sort();
}

/** The copy of a meeting in somebody's mailbox. */
async function copyOf(account, uid) {
  const client = await graphAs(account);
  const { value } = await client.api("/me/events").top(1000).get();
  return value.find((event) => event.iCalUId === uid);
}

describe("Microsoft Graph: meetings", () => {
  test("guests are mailed at once and get their copy, at either provider", async () => {
    const client = await graphAs(CHLOE);
    const made = await client.api("/me/events").post(draft({
      subject: "Panel", attendees: [guest(RAJ), guest(BEN), guest("sam@candidate.example"), guest(MIA, "optional")],
    }));
    assertEvent(made);
    assert.deepEqual(made.attendees.map((one) => one.type), ["required", "required", "required", "optional"]);
    assert.ok(made.attendees.every((one) => one.status.response === "none"));
    assert.equal(made.responseStatus.response, "organizer");
    assert.deepEqual(await mails(), [[BEN, "REQUEST"], [MIA, "REQUEST"], [RAJ, "REQUEST"], ["sam@candidate.example", "REQUEST"]]);
    const [mail] = await box.mails();
    assert.equal(mail.from, CHLOE);
    assert.equal(mail.uid, made.iCalUId);
    assert.match(mail.ics, /METHOD:REQUEST/);
    for (const account of [RAJ, MIA]) {
      const copy = await copyOf(account, made.iCalUId);
      assertEvent(copy);
      assert.deepEqual([copy.isOrganizer, copy.showAs, copy.responseStatus.response], [false, "tentative", "notResponded"]);
      assert.notEqual(copy.id, made.id);
    }
    assert.ok((await box.events(BEN)).some((event) => event.ical_uid === made.iCalUId), "Google has it too");
  });

  test("who hears of a change: all of a new time, only newcomers of a new list, nobody of a private matter", async () => {
    const client = await graphAs(CHLOE);
    const { id, iCalUId } = await client.api("/me/events").post(draft({ attendees: [guest(RAJ), guest(BEN)] }));
    let seen = (await box.mails()).length;
    const told = async (patch) => {
      await client.api(path(id)).patch(patch);
      const news = await mails(seen);
      seen += news.length;
      return news;
    };
    assert.deepEqual(await told({ categories: ["x"], reminderMinutesBeforeStart: 1, showAs: "oof" }), []);
    assert.deepEqual(await told({ attendees: [guest(RAJ), guest(BEN), guest(MIA)] }), [[MIA, "REQUEST"]]);
    assert.deepEqual(await told({ start: when(at(31)), end: when(at(31, "10:00:00")) }), [[BEN, "REQUEST"], [MIA, "REQUEST"], [RAJ, "REQUEST"]]);
    assert.equal((await copyOf(RAJ, iCalUId)).start.dateTime, `${at(31)}.0000000`);
    assert.deepEqual(await told({ attendees: [guest(RAJ)] }), [[BEN, "CANCEL"], [MIA, "CANCEL"]]);
    assert.equal((await copyOf(MIA, iCalUId)).isCancelled, true);
    assert.deepEqual(await told({ subject: "Other" }), [[RAJ, "REQUEST"]]);
    const sequences = (await box.mails()).map((mail) => mail.sequence);
    assert.ok(sequences.at(-1) > sequences[0]);
  });

  test("cancelling and deleting tell the guests; only the organizer may cancel", async () => {
    const client = await graphAs(CHLOE);
    const first = await client.api("/me/events").post(draft({ attendees: [guest(RAJ)] }));
    const copy = await copyOf(RAJ, first.iCalUId);
    const raj = await graphAs(RAJ);
    const refusal = await refused(raj.api(`${path(copy.id)}/cancel`).post({ comment: "no" }), 400, "ErrorInvalidRequest");
    assert.match(refusal.message, /organizer/);
    await client.api(`${path(first.id)}/cancel`).post({ comment: "The role is filled." });
    await refused(client.api(path(first.id)).get(), 404, "ErrorItemNotFound");
    await refused(client.api(`${path(first.id)}/cancel`).post({}), 404, "ErrorItemNotFound");
    assert.equal((await box.mails()).at(-1).method, "CANCEL");
    assert.match((await box.mails()).at(-1).ics, /The role is filled/);
    const cancelled = await raj.api(path(copy.id)).get();
    assert.deepEqual([cancelled.isCancelled, cancelled.showAs, cancelled.subject], [true, "free", "Canceled: Interview"]);
    const ask = { schedules: [RAJ], startTime: when(at(30)), endTime: when(at(30, "10:00:00")), availabilityViewInterval: 60 };
    const before = (await client.api("/me/calendar/getSchedule").post(ask)).value[0].scheduleItems.length;
    const second = await client.api("/me/events").post(draft({ attendees: [guest(RAJ)] }));
    assert.equal((await client.api("/me/calendar/getSchedule").post(ask)).value[0].scheduleItems.length, before + 1);
    await client.api(path(second.id)).delete();
    assert.deepEqual((await mails()).at(-1), [RAJ, "REQUEST"]);
    assert.equal((await box.mails()).at(-1).method, "CANCEL");
    assert.equal((await client.api("/me/calendar/getSchedule").post(ask)).value[0].scheduleItems.length, before);
    await raj.api(path(copy.id)).delete();
    await refused(raj.api(path(copy.id)).get(), 404, "ErrorItemNotFound");
  });

  test("guests answer, and the organizer sees it", async () => {
    const client = await graphAs(CHLOE);
    const raj = await graphAs(RAJ);
    const made = await client.api("/me/events").post(draft({ attendees: [guest(RAJ)] }));
    const copy = await copyOf(RAJ, made.iCalUId);
    const status = async () => (await client.api(path(made.id)).get()).attendees[0].status.response;
    for (const [action, word, showAs] of [
      ["accept", "accepted", "busy"], ["tentativelyAccept", "tentativelyAccepted", "tentative"], ["decline", "declined", "tentative"],
    ]) {
      const answer = await raj.api(`${path(copy.id)}/${action}`).post({ comment: "ok", sendResponse: true });
      assert.equal(await new Response(answer).text(), "", "202 without a body");
      assert.equal(await status(), word);
      const own = await raj.api(path(copy.id)).get();
      assert.deepEqual([own.responseStatus.response, own.showAs], [word, showAs]);
      assert.deepEqual([(await box.mails()).at(-1).to, (await box.mails()).at(-1).method], [CHLOE, "REPLY"]);
    }
    const count = (await box.mails()).length;
    await raj.api(`${path(copy.id)}/accept`).post({ sendResponse: false });
    assert.equal((await box.mails()).length, count);
    await client.api(path(made.id)).patch({ start: when(at(32)), end: when(at(32, "10:00:00")) });
    assert.equal(await status(), "none", "a new time asks everybody again");
    await refused(client.api(`${path(made.id)}/accept`).post({}), 400, "ErrorInvalidRequest");
    await refused(raj.api(`${path(copy.id)}/accept`).post({ send: true }), 400, "RequestBodyRead");
  });

  test("guests may be hidden from each other", async () => {
    const client = await graphAs(CHLOE);
    const made = await client.api("/me/events").post(draft({ hideAttendees: true, attendees: [guest(RAJ), guest(BEN)] }));
    assert.equal(made.attendees.length, 2);
    assert.deepEqual((await copyOf(RAJ, made.iCalUId)).attendees.map((one) => one.emailAddress.address), [RAJ]);
  });

  test("an invitation from Google arrives, and its answer goes back", async () => {
    const { access_token } = await box.token("google", BEN, [ANSWERS]);
    const google = async (method, url, body) => {
      const response = await fetch(`${box.google}/calendar/v3/calendars/primary/events${url}`, {
        method, body: body && JSON.stringify(body), headers: { authorization: `Bearer ${access_token}`, "content-type": "application/json" },
      });
      assert.ok(response.ok, await response.clone().text());
      return response.json();
    };
    const made = await google("POST", "?sendUpdates=all", {
      summary: "From Google", description: "See you", start: { dateTime: `${at(20)}Z` }, end: { dateTime: `${at(20, "10:00:00")}Z` }, attendees: [{ email: RAJ }],
    });
    const copy = await copyOf(RAJ, made.iCalUID);
    assertEvent(copy);
    assert.deepEqual([copy.subject, copy.organizer.emailAddress.address, copy.bodyPreview], ["From Google", BEN, "See you"]);
    const raj = await graphAs(RAJ);
    await raj.api(`${path(copy.id)}/accept`).post({});
    const guests = (await google("GET", `/${made.id}`)).attendees;
    assert.equal(guests.find((one) => one.email === RAJ).responseStatus, "accepted");
  });
});

describe("Microsoft Graph: online meetings", () => {
  test("Teams for work accounts, kept as long as the body keeps the link", async () => {
    const client = await graphAs(CHLOE);
    const online = { isOnlineMeeting: true, onlineMeetingProvider: "teamsForBusiness" };
    const made = await client.api("/me/events").post(draft({ ...online, body: { contentType: "text", content: "Hello <you>" } }));
    assert.equal(made.isOnlineMeeting, true);
    const url = made.onlineMeeting.joinUrl;
    assert.match(url, /^https:\/\/teams\.microsoft\.com\/l\/meetup-join\//);
    assert.ok(made.body.content.includes(url) && made.body.content.includes("Hello &lt;you&gt;"));
    const kept = await client.api(path(made.id)).patch({ body: { contentType: "html", content: `${made.body.content}<p>more</p>` } });
    assert.equal(kept.onlineMeeting.joinUrl, url);
    assert.equal((await client.api(path(made.id)).patch({ isOnlineMeeting: false })).isOnlineMeeting, true, "it cannot be undone");
    const lost = await client.api(path(made.id)).patch({ body: { contentType: "html", content: "<p>new</p>" } });
    assert.deepEqual([lost.isOnlineMeeting, lost.onlineMeeting], [false, null]);
    const personal = await (await graphAs(MIA)).api("/me/events").post(draft(online));
    assert.deepEqual([personal.isOnlineMeeting, personal.onlineMeeting], [false, null]);
  });
});

describe("Microsoft Graph: series", () => {
  const weekly = {
    pattern: { type: "weekly", interval: 1, daysOfWeek: ["saturday"], firstDayOfWeek: "monday" },
    range: { type: "numbered", startDate: "2027-03-20", numberOfOccurrences: 3 },
  };
  const zone = "W. Europe Standard Time";
  const series = (extra = {}) => draft({
    subject: "Weekly", recurrence: weekly, start: when("2027-03-20T09:00:00", zone), end: when("2027-03-20T10:00:00", zone), ...extra,
  });
  const span = "startDateTime=2027-03-01&endDateTime=2027-05-01";

  test("a view shows occurrences, the list shows the master, the wall clock stays", async () => {
    const client = await graphAs(CHLOE);
    const master = await client.api("/me/events").post(series());
    assert.equal(master.type, "seriesMaster");
    assert.deepEqual(master.recurrence, weekly);
    const view = (await client.api(`/me/calendarView?${span}`).get()).value.filter((event) => event.subject === "Weekly");
    assert.deepEqual(view.map((event) => event.start.dateTime.slice(0, 16)), ["2027-03-20T08:00", "2027-03-27T08:00", "2027-04-03T07:00"]);
    assert.ok(view.every((event) => event.seriesMasterId === master.id && event.type === "occurrence"));
    assert.equal(new Set(view.map((event) => event.iCalUId)).size, 3);
    const listed = (await client.api("/me/events").filter("subject eq 'Weekly'").get()).value;
    assert.deepEqual(listed.map((event) => event.id), [master.id]);
    assert.equal((await client.api(`${path(master.id)}/instances?${span}`).get()).value.length, 3);

    await refused(client.api(path(view[1].id)).patch({ start: when("2027-03-20T09:30:00", zone), end: when("2027-03-20T10:30:00", zone) }), 400, "ErrorOccurrenceCrossingBoundary");
    await client.api(path(view[1].id)).patch({ start: when("2027-03-28T09:30:00", zone), end: when("2027-03-28T10:30:00", zone) });
    await client.api(path(view[2].id)).delete();
    assert.equal((await client.api(`${path(master.id)}/instances?${span}`).get()).value.length, 2);
    assert.equal((await client.api(path(master.id)).patch({ subject: "Renamed" })).subject, "Renamed");
    assert.equal((await client.api(path(view[0].id)).get()).subject, "Renamed");
    await client.api(path(master.id)).delete();
    await refused(client.api(path(view[0].id)).get(), 404, "ErrorItemNotFound");
    await refused(client.api(path(master.id)).get(), 404, "ErrorItemNotFound");
  });

  test("guests get one mail and every occurrence", async () => {
    await (await graphAs(CHLOE)).api("/me/events").post(series({ attendees: [guest(RAJ)] }));
    assert.deepEqual(await mails(), [[RAJ, "REQUEST"]]);
    const view = (await (await graphAs(RAJ)).api(`/me/calendarView?${span}`).get()).value;
    assert.equal(view.filter((event) => event.subject === "Weekly").length, 3);
  });

  test("a seeded series has a master too; a pattern that lacks something is refused", async () => {
    const client = await graphAs(RAJ);
    const { value } = await client.api("/me/events").top(1000).get();
    const master = value.find((event) => event.type === "seriesMaster" && event.subject === "Sprint planning");
    assert.deepEqual([master.recurrence.pattern.type, master.recurrence.pattern.interval], ["weekly", 1]);
    assert.equal((await client.api(path(master.id)).get()).id, master.id);
    const broken = { pattern: { type: "weekly", interval: 1 }, range: { type: "noEnd", startDate: "2027-03-20" } };
    await refused(client.api("/me/events").post(series({ recurrence: broken })), 400, "ErrorPropertyValidationFailure");
  });
});
