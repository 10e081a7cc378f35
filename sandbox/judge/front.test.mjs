// The front page, used as a person without JavaScript would: links and forms; and the https port's certificate.

import assert from "node:assert/strict";
import { request } from "node:https";
import { after, before, beforeEach, test } from "node:test";
import { ANA, BEN, RAJ, clients, hours, meeting, nextMonday } from "./google.mjs";
import { readForm, startSandbox } from "./start.mjs";

let box, ana;
before(async () => (box = await startSandbox()));
after(() => box?.stop());
beforeEach(async () => {
  await box.reset();
  ana = await clients(box).calendarFor(ANA);
});

const get = async (path, status = 200) => {
  const response = await fetch(box.front + path);
  assert.equal(response.status, status, path);
  return response.text();
};
const post = (path, fields) => fetch(box.front + path, { method: "POST", body: new URLSearchParams(fields), redirect: "manual" });
const week = () => hours(nextMonday(), -20).slice(0, 10);

test("every account has a week to look at, seeds included", async () => {
  const front = await get("/");
  const { accounts } = await box.control("GET", "accounts");
  assert.equal(accounts.length, 13);
  for (const { email, calendars } of accounts) {
    assert.ok(front.includes(`href="/calendars/${email}"`), email);
    assert.ok(calendars.some(({ primary }) => primary), email);
    const monday = nextMonday().toISOString().slice(0, 10);
    assert.match(await get(`/calendars/${email}?week=${monday}`), /class="event/);
  }
  await get("/calendars/nobody@example.com", 404);
  await get(`/calendars/${ANA}?week=soon`, 400);
});

test("an event arrives, is moved and deleted by hand, and its guests hear of it", async () => {
  const requestBody = meeting({ summary: "<Interview> & more", attendees: [{ email: BEN }, { email: RAJ }] });
  const { data: event } = await ana.events.insert({ calendarId: "primary", sendUpdates: "all", requestBody });
  const page = await get(`/calendars/${ANA}?week=${week()}`);
  assert.ok(page.includes("&lt;Interview&gt; &amp; more"), "titles are escaped");
  assert.ok((await get(`/calendars/${RAJ}?week=${week()}`)).includes("&lt;Interview&gt;"));

  // Whoever organizes it can take hold of it or use its form; a guest can only delete the own copy.
  const article = (html) => html.split("<article ").find((part) => part.includes("&lt;Interview&gt;")).split("</article>")[0];
  const own = article(page);
  assert.match(own, /tabindex="0"[^>]* data-minute="\d+" data-length="60"/);
  assert.ok(own.includes('<form class="move"') && own.includes('<form class="delete"'));
  const guests = article(await get(`/calendars/${BEN}?week=${week()}`));
  assert.ok(!guests.includes("data-minute") && !guests.includes('<form class="move"') && guests.includes('<form class="delete"'));

  const fields = { calendar: ANA, event: event.id };
  const moved = await post(`/calendars/${ANA}/move`, { ...fields, start: `${week()}T09:30` });
  assert.equal(moved.status, 303);
  const { data: after } = await ana.events.get({ calendarId: "primary", eventId: event.id });
  assert.ok(after.start.dateTime.startsWith(`${week()}T09:30:00`), after.start.dateTime);
  assert.equal(after.sequence, 1);
  assert.equal((await post(`/calendars/${BEN}/move`, { calendar: BEN, event: event.id, start: `${week()}T10:00` })).status, 409);
  assert.equal((await post(`/calendars/${BEN}/delete`, fields)).status, 409, "not Ben's calendar");

  assert.equal((await post(`/calendars/${ANA}/delete`, fields)).status, 303);
  const copies = (await box.control("GET", `events?uid=${encodeURIComponent(event.iCalUID)}`)).events;
  assert.deepEqual(copies.map(({ status }) => status), ["cancelled", "cancelled", "cancelled"]);
  const methods = (await box.mails()).map(({ method }) => method);
  assert.deepEqual(methods, ["REQUEST", "REQUEST", "REQUEST", "REQUEST", "CANCEL", "CANCEL"]);

  const mails = await get("/mail");
  const link = mails.match(/href="(\/mail\/\d+)"/)[1];
  assert.match(await get(link), /METHOD:CANCEL/);
  assert.match(await get(`${link}/invite.ics`), /^BEGIN:VCALENDAR\r\n/);
  await get("/mail/999999", 404);
});

test("faults are switched by forms", async () => {
  const forms = await get("/faults");
  assert.equal(readForm(forms).action, "/faults");
  const on = await post("/faults", { provider: "google", kind: "status", status: "503", retry_after: "2", times: "1", account: "" });
  assert.equal(on.status, 303);
  assert.match(await get("/faults"), /503/);
  await assert.rejects(ana.events.list({ calendarId: "primary" }, { retry: false }), ({ response }) => response.status === 503);
  assert.match(await get("/requests"), /503/);
  assert.equal((await post("/faults", { provider: "google", kind: "status", status: "200" })).status, 422);
  await post("/faults", { provider: "google", kind: "latency", ms: "60000" });
  await post("/faults/clear", {});
  assert.deepEqual((await box.control("GET", "faults")).faults, []);
});

test("the https port shows the certificate that can be downloaded", async () => {
  const ca = await box.certificate();
  for (const host of ["localhost", "127.0.0.1"]) {
    const status = await new Promise((resolve, reject) => {
      const call = request({ host, port: box.base + 3, path: "/v1.0/me", ca, family: 4 }, (response) => resolve(response.statusCode));
      call.on("error", reject).end();
    });
    assert.equal(status, 401, host);
  }
  await assert.rejects(fetch(`https://127.0.0.1:${box.base + 3}/v1.0/me`), "nobody trusts it unasked");
});

test("the control API says in a sentence what is wrong", async () => {
  await assert.rejects(box.control("POST", "token", { provider: "google", account: "nobody@example.com", scopes: [] }), /There is no Google account nobody@example\.com/);
  await assert.rejects(box.control("POST", "token", { provider: "google", account: ANA, scopes: ["calendar"] }), /does not know the scope/);
  await assert.rejects(box.control("POST", "token", { provider: "apple", account: ANA, scopes: [] }), /422/);
  await assert.rejects(box.control("GET", "events?account=nobody"), /404 There is no account/);
  await assert.rejects(box.control("GET", "events?who=x"), /422/);
  await assert.rejects(box.control("POST", "clock", { advance_seconds: -1 }), /does not go back/);
  await assert.rejects(box.control("GET", "nothing"), /404/);
});

test("a reset forgets everything but the seeds", async () => {
  const before = (await box.events(ANA)).map(({ id }) => id);
  await ana.events.insert({ calendarId: "primary", sendUpdates: "all", requestBody: meeting({ attendees: [{ email: BEN }] }) });
  await box.fault({ provider: "google", kind: "latency", ms: 1 });
  await box.advance(100);
  assert.equal((await post("/reset", {})).status, 303);
  assert.deepEqual((await box.events(ANA)).map(({ id }) => id), before);
  assert.deepEqual([await box.mails(), await box.requests(), (await box.control("GET", "faults")).faults], [[], [], []]);
  await assert.rejects(ana.events.list({ calendarId: "primary" }), "tokens are gone too");
});
