// What no client library shows: iCloud's habits, the switches for other servers' habits, failures, invitations, and the pages.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { ICS, MEI, NAMESPACES, NOAH, ask as asking, hrefs, later, object, propfind, query, startSandbox, sync } from "./apple.mjs";

const HOME = `/${MEI.number}/calendars/`;
const MAIN = `${HOME}home/`;
let box;
before(async () => (box = await startSandbox()));
after(() => box?.stop());
beforeEach(() => box.reset());

const ask = (method, to, options) => asking(box, MEI, method, to, options);
const put = (name, body, headers = {}) => ask("PUT", `${MAIN}${name}`, { headers: { ...ICS, ...headers }, body });
const report = (body, depth = "1") => ask("REPORT", MAIN, { depth, body });
const fault = (fault) => box.fault({ provider: "apple", ...fault });
const stored = async (uid) => (await box.control("GET", `apple/objects?uid=${uid}`)).objects;
const RESOURCE_TYPES = propfind("<d:resourcetype/><d:displayname/>");

describe("Apple: signing in", () => {
  test("two schemes are offered, the first one is not for us", async () => {
    const refused = await asking(box, null, "PROPFIND", box.apple, { depth: "0" });
    assert.equal(refused.status, 401);
    assert.equal(refused.headers.get("www-authenticate"), 'X-MobileMe-AuthToken realm="MMCalDav", Basic realm="MMCalDav"');
    for (const authorization of ["X-MobileMe-AuthToken eDp5", "Bearer x", "Basic x", "Basic"]) {
      assert.equal((await asking(box, null, "PROPFIND", box.apple, { depth: "0", headers: { authorization } })).status, 401, authorization);
    }
    assert.equal((await asking(box, { ...MEI, password: "x" }, "OPTIONS", "/")).status, 401);
  });

  test("a password is revoked in the middle, and a new one opens again", async () => {
    assert.equal((await ask("OPTIONS", MAIN)).status, 200);
    assert.equal((await fault({ kind: "revoke", account: MEI.email })).passwords, 1);
    assert.equal((await ask("OPTIONS", MAIN)).status, 401);
    assert.equal((await asking(box, NOAH, "OPTIONS", "/")).status, 200, "others are not touched");
    const made = await box.control("POST", "apple/passwords", { account: MEI.email });
    assert.match(made.password, /^[a-z]{4}(-[a-z]{4}){3}$/);
    assert.equal((await asking(box, { ...MEI, password: made.password }, "OPTIONS", MAIN)).status, 200);
    const { passwords } = await box.control("DELETE", `apple/passwords?account=${MEI.email}`);
    assert.deepEqual(passwords, []);
    await assert.rejects(box.control("POST", "apple/passwords", { account: "ana.alvarez@example.com" }), /404 There is no Apple account/);
    await assert.rejects(fault({ kind: "expire_tokens" }), /gives out no tokens/);
  });

  test("what is another's is not opened", async () => {
    assert.equal((await ask("PROPFIND", `/${NOAH.number}/calendars/`, { depth: "1" })).status, 403);
    assert.equal((await ask("PROPFIND", "/999/calendars/", { depth: "1" })).status, 404);
    const requests = await box.requests("?provider=apple");
    assert.ok(requests.every(({ account, headers }) => account === MEI.email && !("authorization" in headers)));
  });
});

describe("Apple: discovery", () => {
  test("the principal answers under another name and leads to another host", async () => {
    const { status, headers, text } = await ask("PROPFIND", `${box.apple}/${MEI.number}/principal/`, {
      depth: "0",
      body: propfind("<c:calendar-home-set/><c:calendar-user-address-set/>"),
    });
    assert.equal(status, 207);
    assert.ok(text.includes("<href>/principal/</href>") && text.includes(`>${box.applePartition}${HOME}</href>`), text);
    assert.ok(text.includes(`mailto:${MEI.email}`));
    assert.match(headers.get("dav"), /calendar-access.*calendar-auto-schedule/);
    assert.equal((await ask("PROPFIND", `/${MEI.number}/principal/`, { depth: "1", body: RESOURCE_TYPES })).status, 400);
    const moved = await asking(box, null, "PROPFIND", `${box.apple}/.well-known/caldav`, { depth: "0" });
    assert.deepEqual([moved.status, moved.headers.get("location")], [301, "/"]);
    await box.control("POST", "apple/home", { url: "http://localhost:1/" });
    const there = await ask("PROPFIND", `/${MEI.number}/principal/`, { depth: "0", body: propfind("<c:calendar-home-set/>") });
    assert.ok(there.text.includes(`>http://localhost:1${HOME}<`), there.text);
    await assert.rejects(box.control("POST", "apple/home", { url: "nowhere" }), /422/);
  });

  test("beside calendars the home holds what is none, and a calendar nobody may write", async () => {
    const { text } = await ask("PROPFIND", HOME, { depth: "1", body: propfind("<d:resourcetype/><d:current-user-privilege-set/><d:displayname/>") });
    for (const other of ["inbox/", "outbox/", "notification/"]) assert.ok(hrefs(text).includes(HOME + other), other);
    const read = text.split("</response>").find((response) => response.includes("Public holidays"));
    assert.ok(read.includes("<read/>") && read.includes("subscribed") && !/<(write|bind|all)\/>/.test(read), read);
    const path = hrefs(`${read}</response>`)[0];
    assert.equal((await ask("PUT", `${path}x.ics`, { headers: ICS, body: object("x") })).status, 403);
    assert.equal((await ask("DELETE", path)).status, 403);
  });

  test("allprop leaves the resource type out; no depth is too deep", async () => {
    for (const body of ["", '<propfind xmlns="DAV:"><allprop/></propfind>']) {
      const { status, text } = await ask("PROPFIND", MAIN, { depth: "0", body });
      assert.ok(status === 207 && text.includes("displayname") && !text.includes("resourcetype"), text);
    }
    for (const depth of [undefined, "infinity", "2"]) assert.equal((await ask("PROPFIND", MAIN, { depth, body: RESOURCE_TYPES })).status, 403, depth);
    for (const body of ["<", "<x/>", '<!DOCTYPE x [<!ENTITY e "x">]><propfind xmlns="DAV:"/>']) {
      assert.equal((await ask("PROPFIND", MAIN, { depth: "0", body })).status, 400, body);
    }
  });

  test("an address is the same encoded and without its slash", async () => {
    const plain = `${MAIN}stand-up@icloud.example.ics`;
    for (const path of [plain, plain.replace("@", "%40"), plain.replaceAll("-", "%2d")]) assert.equal((await ask("GET", path)).status, 200, path);
    assert.equal((await ask("PROPFIND", HOME.slice(0, -1), { depth: "1", body: RESOURCE_TYPES })).status, 207);
  });

  test("a calendar's name and colour are changed", async () => {
    const body = `<d:propertyupdate ${NAMESPACES}><d:set><d:prop><d:displayname>Mine</d:displayname><a:calendar-color>#000000FF</a:calendar-color></d:prop></d:set></d:propertyupdate>`;
    const before = await ask("PROPFIND", MAIN, { depth: "0", body: propfind("<cs:getctag/>") });
    assert.equal((await ask("PROPPATCH", MAIN, { body })).status, 207);
    const { text } = await ask("PROPFIND", MAIN, { depth: "0", body: propfind("<d:displayname/><a:calendar-color/><cs:getctag/>") });
    assert.ok(text.includes("Mine") && text.includes("#000000FF"));
    assert.notEqual(text.match(/getctag[^>]*>([^<]*)/)[1], before.text.match(/getctag[^>]*>([^<]*)/)[1]);
  });
});

describe("Apple: reading and writing in its own ways", () => {
  test("some reports are refused", async () => {
    const range = `<c:time-range start="20260101T000000Z" end="20270101T000000Z"/>`;
    assert.equal((await report(`<c:free-busy-query ${NAMESPACES}>${range}</c:free-busy-query>`)).status, 400);
    const bare = `<c:calendar-query ${NAMESPACES}><d:prop><d:getetag/></d:prop><c:filter><c:comp-filter name="VCALENDAR"/></c:filter></c:calendar-query>`;
    assert.equal((await report(bare)).status, 400);
    const backwards = await report(query(later(2), later(1)));
    assert.ok(backwards.status === 403 && backwards.text.includes("valid-filter"));
    assert.equal((await report("<x/>")).status, 403);
    assert.equal((await report("not xml")).status, 400);
    assert.deepEqual(hrefs((await report(query(later(0), later(7)), "0")).text), [], "at depth 0 there is only the collection");
    assert.deepEqual([(await report(sync(""), "1")).status, (await report(sync(""), "infinity")).status], [207, 400]);
  });

  test("a multiget tells what is there and what is not", async () => {
    const paths = [`${MAIN}stand-up%40icloud.example.ics`, `${MAIN}none.ics`];
    const body = `<c:calendar-multiget ${NAMESPACES}><d:prop><d:getetag/><c:calendar-data/></d:prop>${paths.map((path) => `<d:href>${path}</d:href>`).join("")}</c:calendar-multiget>`;
    const { text } = await report(body);
    assert.equal(text.match(/BEGIN:VCALENDAR/g).length, 1);
    assert.match(text, /none\.ics<\/href><status>HTTP\/1\.1 404 Not Found/);
  });

  test("If-Match: * works backwards", async () => {
    assert.equal((await put("a.ics", object("a"), { "if-match": "*" })).status, 201);
    assert.equal((await put("a.ics", object("a"), { "if-match": "*" })).status, 412);
    assert.equal((await put("b.ics", object("b"), { "if-match": '"x"' })).status, 412);
    const weak = { "if-match": `W/${(await ask("GET", `${MAIN}a.ics`)).headers.get("etag")}` };
    assert.equal((await put("a.ics", object("a"), weak)).status, 412);
    assert.equal((await stored("b")).length, 0);
  });

  test("what is no proper object is refused", async () => {
    const cases = [
      [object("a", { end: null }), 403],
      [object("a").replace("VERSION:2.0", "VERSION:2.0\r\nMETHOD:PUBLISH"), 403],
      [object("a").replace("UID:a\r\n", ""), 403],
      [object("a").replaceAll("VEVENT", "VTODO"), 403],
      [object("a", { lines: ["RRULE:FREQ=SOMETIMES"] }), 403],
      [object("a").replace("END:VEVENT\r\n", "END:VEVENT\r\nBEGIN:VEVENT\r\nUID:b\r\nEND:VEVENT\r\n"), 403],
      ["BEGIN:VCALENDAR\r\n", 403],
      ["", 403],
    ];
    for (const [body, status] of cases) assert.equal((await put("a.ics", body)).status, status, body);
    assert.equal((await ask("PUT", `${MAIN}a.ics`, { headers: { "content-type": "application/json" }, body: object("a") })).status, 403);
    assert.equal((await stored("a")).length, 0);
  });

  test("a UID is taken in all of the account", async () => {
    assert.equal((await put("a.ics", object("a"))).status, 201);
    const again = await put("b.ics", object("a"));
    assert.ok(again.status === 409 && again.text.includes("no-uid-conflict") && again.text.includes(`${MAIN}a.ics`), again.text);
    assert.equal((await put("a.ics", object("c"))).status, 409);
    const { objects } = await box.control("GET", "apple/objects?uid=a");
    assert.deepEqual(objects.map(({ name, calendar, owner }) => [name, calendar, owner]), [["a.ics", MAIN, MEI.email]]);
    assert.equal(objects[0].ics.match(/^DTSTAMP/gm).length, 2, "stored with its stamp twice");
  });
});

describe("Apple: invitations", () => {
  const GUESTS = ["ben.okafor@example.com", "guest@elsewhere.example"];
  const invite = (uid, parameters = "", extra = {}) =>
    object(uid, { lines: [`ORGANIZER:mailto:${MEI.email}`, `ATTENDEE;PARTSTAT=ACCEPTED:mailto:${MEI.email}`, ...GUESTS.map((guest) => `ATTENDEE${parameters}:mailto:${guest}`)], ...extra });
  const told = async () => (await box.mails()).map(({ provider, method, to }) => [provider, method, to]);

  test("the server invites, tells of changes, and takes back", async () => {
    await put("i.ics", invite("i"));
    assert.deepEqual(await told(), GUESTS.map((guest) => ["apple", "REQUEST", guest]));
    const [{ ics }] = await stored("i");
    assert.match(ics.replaceAll("\r\n ", ""), /ATTENDEE;SCHEDULE-STATUS="1\.2":mailto:ben/);
    assert.equal((await box.events(GUESTS[0])).filter(({ ical_uid }) => ical_uid === "i").length, 1, "a guest who lives here has a copy");
    await put("i.ics", invite("i", "", { summary: "Moved" }));
    await put("i.ics", invite("i", "", { summary: "Moved" }));
    assert.equal((await told()).length, 4, "only what changed is told");
    await ask("DELETE", `${MAIN}i.ics`);
    assert.deepEqual((await told()).slice(4), GUESTS.map((guest) => ["apple", "CANCEL", guest]));
    assert.ok((await (await fetch(`${box.front}/mail`)).text()).includes(GUESTS[1]), "and can be read on the page");
  });

  test("it keeps quiet when the client does it, or nobody is asked", async () => {
    await put("i.ics", invite("i", ";SCHEDULE-AGENT=CLIENT"));
    await put("j.ics", object("j"));
    for (const name of ["i", "j"]) await ask("DELETE", `${MAIN}${name}.ics`);
    assert.deepEqual(await told(), []);
  });

  test("a guest's answer reaches the organizer, and the account's own leaves it", async () => {
    await put("i.ics", invite("i"));
    const [copy] = (await box.events(GUESTS[0])).filter(({ ical_uid }) => ical_uid === "i");
    await fetch(`${box.front}/calendars/${GUESTS[0]}/delete`, { method: "POST", body: new URLSearchParams({ calendar: copy.calendar, event: copy.id }) });
    const [{ ics }] = await stored("i");
    assert.match(ics.replaceAll("\r\n ", ""), /ATTENDEE;SCHEDULE-STATUS="1\.2";PARTSTAT=DECLINED:mailto:ben/);
    const lines = (answer) => ["ORGANIZER:mailto:host@partner.example", `ATTENDEE;PARTSTAT=${answer}:mailto:${MEI.email}`];
    await put("k.ics", object("k", { lines: lines("NEEDS-ACTION") }));
    await put("k.ics", object("k", { lines: lines("ACCEPTED") }));
    await ask("DELETE", `${MAIN}k.ics`);
    const replies = (await box.mails()).filter(({ to }) => to === "host@partner.example");
    assert.deepEqual(replies.map(({ method, subject }) => [method, subject]), [["REPLY", "Accepted: Interview"], ["REPLY", "Declined: Interview"]]);
  });

  test("who is invited by another provider finds it in the calendar", async () => {
    const { access_token } = await box.token("google", "ana.alvarez@example.com", ["https://www.googleapis.com/auth/calendar"]);
    const at = (hour) => ({ dateTime: later(3, hour).toISOString() });
    const response = await fetch(`${box.google}/calendar/v3/calendars/primary/events?sendUpdates=all`, {
      method: "POST",
      headers: { authorization: `Bearer ${access_token}`, "content-type": "application/json" },
      body: JSON.stringify({ summary: "Panel", start: at(3), end: at(4), attendees: [{ email: MEI.email }] }),
    });
    const { iCalUID } = await response.json();
    const { text } = await report(query(later(3, 3), later(3, 4)));
    assert.ok(text.includes("SUMMARY:Panel") && text.includes(iCalUID));
    const [held] = await stored(encodeURIComponent(iCalUID));
    await put(held.name, held.ics.replaceAll("\r\n ", "").replace(/(CN="Mei Tanaka"[^\r]*|)PARTSTAT=NEEDS-ACTION/, "$1PARTSTAT=DECLINED"));
    const [organizers] = (await box.events("ana.alvarez@example.com")).filter(({ ical_uid }) => ical_uid === iCalUID);
    assert.equal(organizers.attendees.find(({ email }) => email === MEI.email).response, "declined");
    assert.deepEqual((await told()).at(-1), ["apple", "REPLY", "ana.alvarez@example.com"]);
  });
});

describe("Apple: failures", () => {
  test("statuses, pages, redirects, and endless answers", async () => {
    await fault({ kind: "status", status: 429, retry_after: 7, times: 1 });
    const limited = await report(query(later(0), later(1)));
    assert.deepEqual([limited.status, limited.headers.get("retry-after")], [429, "7"]);
    for (const [kind, status] of [["unavailable", 503], ["unauthorized", 401], ["overQuota", 507], ["gone", 410]]) {
      await fault({ kind, times: 1, match: { method: "REPORT" } });
      assert.equal((await ask("OPTIONS", MAIN)).status, 200, "other methods are not met");
      assert.equal((await report(query(later(0), later(1)))).status, status, kind);
    }
    await fault({ kind: "html_page", times: 1 });
    const page = await report(query(later(0), later(1)));
    assert.ok(page.status === 200 && page.headers.get("content-type").startsWith("text/html") && page.text.includes("Sign in"));
    await fault({ kind: "redirect", times: 1 });
    const moved = await report(query(later(0), later(1)));
    assert.deepEqual([moved.status, moved.headers.get("location")], [307, `${box.google}/elsewhere`]);
    await fault({ kind: "redirect", location: "https://elsewhere.example/", times: 1 });
    assert.equal((await report(query(later(0), later(1)))).headers.get("location"), "https://elsewhere.example/");
    await fault({ kind: "oversize", bytes: 3_000_000, times: 1 });
    assert.ok((await report(query(later(0), later(1)))).text.length > 3_000_000);
    assert.equal((await report(query(later(0), later(1)))).status, 207, "all switches are used up");
  });

  test("connections end before and after the work", async () => {
    await fault({ kind: "drop_after_write", times: 1 });
    await assert.rejects(put("d.ics", object("d")));
    assert.equal((await stored("d")).length, 1);
    await fault({ kind: "drop_before_write", times: 1 });
    await assert.rejects(put("e.ics", object("e")));
    assert.equal((await stored("e")).length, 0);
    await fault({ kind: "drop_before_write", times: 1, match: { method: "REPORT" } });
    await assert.rejects(report(query(later(0), later(1))));
    await fault({ kind: "latency", ms: 30_000, times: 1 });
    await assert.rejects(ask("OPTIONS", MAIN, { signal: AbortSignal.timeout(200) }), ({ name }) => name === "TimeoutError");
  });

  test("unknown switches are refused", async () => {
    await assert.rejects(fault({ kind: "no_such" }), /neither a kind nor an error of apple/);
    await assert.rejects(fault({ kind: "quirk", quirk: "no_such" }), /422/);
    await assert.rejects(box.fault({ provider: "google", kind: "quirk", quirk: "cdata" }), /google has no such quirk/);
    await assert.rejects(fault({ kind: "calendar_error", calendar: "x", reason: "y" }), /422 apple answers no free\/busy/);
    const { apple, apple_quirks } = await box.control("GET", "faults/catalogue");
    assert.ok(apple.includes("uidConflict") && apple_quirks.includes("dead_sync_token_listing"));
  });
});

describe("Apple: quirks of other servers", () => {
  const token = async () => (await report(sync(""), "0")).text.match(/<sync-token>([^<]*)/)[1];

  test("a sync token dies in three ways", async () => {
    const alive = await token();
    assert.deepEqual(hrefs((await report(sync(alive), "0")).text), [MAIN], "nothing has changed");
    await fault({ kind: "dead_sync_token_403", times: 1 });
    assert.ok(hrefs((await report(sync(""), "0")).text).length > 50, "an empty token is never dead");
    const refused = await report(sync(alive), "0");
    assert.ok(refused.status === 403 && refused.text.includes("valid-sync-token"));
    await fault({ kind: "dead_sync_token_412", times: 1 });
    assert.equal((await report(sync(alive), "0")).status, 412);
    await ask("DELETE", `${MAIN}stand-up@icloud.example.ics`);
    await fault({ kind: "dead_sync_token_listing", times: 1 });
    const listing = await report(sync(alive), "0");
    assert.ok(listing.status === 207 && hrefs(listing.text).length > 50 && !listing.text.includes("stand-up"), "what is gone is not told");
    assert.ok((await report(sync(alive), "0")).text.includes("404 Not Found"));
    for (const never of ["x", `${alive}x`, "HwoQEgwAAB"]) assert.equal((await report(sync(never), "0")).status, 403, never);
    const taken = (await box.requests("?provider=apple")).flatMap(({ faults }) => faults);
    assert.deepEqual(taken, ["dead_sync_token_403", "dead_sync_token_412", "dead_sync_token_listing"]);
  });

  test("etags are left out, or weak", async () => {
    await fault({ kind: "no_etag", times: 1 });
    assert.equal((await put("q.ics", object("q"))).headers.get("etag"), null);
    await fault({ kind: "weak_etags", times: 1 });
    assert.match((await ask("GET", `${MAIN}q.ics`)).headers.get("etag"), /^W\/"/);
    assert.match((await ask("GET", `${MAIN}q.ics`)).headers.get("etag"), /^"/);
  });

  test("XML is written otherwise and says the same", async () => {
    const body = query(later(0), later(7));
    const plain = await report(body);
    const odd = async (...quirks) => {
      for (const kind of quirks) await fault({ kind, times: 1 });
      return (await report(body)).text;
    };
    const prefixed = await odd("odd_prefixes", "cdata");
    assert.ok(prefixed.includes("<zz0:multistatus") && prefixed.includes("<![CDATA[BEGIN:VCALENDAR"));
    assert.equal(prefixed.match(/BEGIN:VCALENDAR/g).length, plain.text.match(/BEGIN:VCALENDAR/g).length);
    assert.match(await odd("mixed_propstats"), /404 Not Found<\/status><\/propstat><propstat>/);
    assert.match(await odd("encoded_hrefs"), /stand%2dup%40icloud%2eexample%2eics/);
    const absolute = hrefs(await odd("absolute_hrefs"));
    assert.ok(absolute.every((href) => href.startsWith(`${box.apple}${MAIN}`)), "the first host again");
    assert.ok(hrefs(await odd("foreign_href")).every((href) => href.startsWith(box.google)));
    assert.match(await odd("dtd"), /<!DOCTYPE multistatus \[<!ENTITY/);
    const truncated = await odd("truncated");
    assert.ok(plain.text.startsWith(truncated) && truncated.length < plain.text.length);
  });
});

describe("Apple: the pages", () => {
  const page = async (path) => (await fetch(box.front + path)).text();
  const post = (path, fields) => fetch(box.front + path, { method: "POST", body: new URLSearchParams(fields), redirect: "manual" });
  const day = (days) => later(days).toISOString().slice(0, 10);

  test("an event arrives in the week, and is moved and deleted by hand", async () => {
    const at = later(21, 3);
    await put("w.ics", object("w", { start: at, end: later(21, 4), summary: "<Interview>" }));
    const path = `/calendars/${MEI.email}`;
    assert.ok((await page(`${path}?week=${day(21)}`)).includes("&lt;Interview&gt;"));
    const moved = await post(`${path}/move`, { calendar: MAIN, event: "w.ics", start: `${day(21)}T15:00` });
    assert.equal(moved.status, 303);
    const [{ ics }] = await stored("w");
    assert.ok(ics.includes(`DTSTART:${day(21).replaceAll("-", "")}T060000Z`) && ics.includes("T070000Z"), ics);
    assert.match(ics, /SEQUENCE:1/);
    const deleted = await post(`${path}/delete`, { calendar: MAIN, event: "w.ics" });
    assert.equal(deleted.status, 303);
    assert.ok(deleted.headers.get("location").includes(day(21)), "back to the same week");
    assert.equal((await ask("GET", `${MAIN}w.ics`)).status, 404);
    assert.equal((await post(`${path}/delete`, { calendar: MAIN, event: "w.ics" })).status, 409);
  });

  test("one time of a series is moved and another deleted, the others stay", async () => {
    const [{ uid }] = (await box.control("GET", `apple/objects?account=${MEI.email}`)).objects.filter(({ name }) => name.startsWith("stand-up"));
    const times = async () => (await box.control("GET", `events?account=${MEI.email}&uid=${uid}`)).events.filter(({ start }) => start > later(7).toISOString());
    const [first, second, third] = await times();
    const path = `/calendars/${MEI.email}`;
    const local = (event, time) => `${new Date(Date.parse(event.start) + 9 * 3_600_000).toISOString().slice(0, 10)}T${time}`;
    assert.equal((await post(`${path}/move`, { calendar: MAIN, event: first.id, start: local(first, "18:00") })).status, 303);
    assert.equal((await post(`${path}/delete`, { calendar: MAIN, event: second.id })).status, 303);
    const [moved, next] = await times();
    assert.equal(moved.start, `${local(first, "").slice(0, 10)}T09:00:00Z`);
    assert.equal(next.start, third.start);
    assert.equal((await post(`${path}/delete`, { calendar: MAIN, event: moved.id })).status, 303);
    assert.equal((await times())[0].start, third.start);
  });

  test("a subscription is not changed by hand", async () => {
    const { events } = await box.control("GET", `events?account=${MEI.email}`);
    const holiday = events.find(({ summary }) => summary === "Founding day");
    assert.equal((await post(`/calendars/${MEI.email}/delete`, { calendar: holiday.calendar, event: holiday.id })).status, 409);
  });

  test("the front page tells the passwords, and switches are set by forms", async () => {
    const front = await page("/");
    assert.ok(front.includes(box.apple) && front.includes(MEI.password));
    assert.equal((await post("/faults", { provider: "apple", kind: "quirk", quirk: "no_etag", times: "1" })).status, 303);
    assert.equal((await put("f.ics", object("f"))).headers.get("etag"), null);
    assert.equal((await post("/faults", { provider: "apple", kind: "html_page", times: "1" })).status, 303);
    assert.equal((await ask("OPTIONS", MAIN)).status, 200);
    assert.equal((await post("/faults", { provider: "apple", kind: "revoke", account: MEI.email })).status, 303);
    assert.equal((await ask("OPTIONS", MAIN)).status, 401);
  });

  test("objects are put and taken as another device would", async () => {
    const { calendar } = await box.control("POST", "apple/objects", { account: MEI.email, name: "o.ics", ics: object("o") });
    assert.equal(calendar, MAIN);
    assert.equal((await ask("GET", `${MAIN}o.ics`)).status, 200);
    await box.control("DELETE", `apple/objects?calendar=${MAIN}&name=o.ics`);
    assert.equal((await ask("GET", `${MAIN}o.ics`)).status, 404);
    await assert.rejects(box.control("POST", "apple/objects", { account: MEI.email, name: "o.ics", ics: "x" }), /422 ics:/);
  });
});
