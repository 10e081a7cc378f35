// The judge of changes at Apple: sync-collection and ctags, whoever changed something.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { ICS, MEI, NOAH, ask as asking, clientFor, hrefs, later, object, propfind, startSandbox, sync } from "./apple.mjs";
import { ANA, clients, hours, meeting, nextMonday } from "./google.mjs";

let box;
before(async () => (box = await startSandbox()));
after(() => box?.stop());
beforeEach(() => box.reset());

const HOME = `/${MEI.number}/calendars/`;
const MAIN = `${HOME}home/`;
const ask = (method, to, options) => asking(box, MEI, method, to, options);
const report = async (token) => (await ask("REPORT", MAIN, { body: sync(token), depth: "0" }));
const tokenOf = (text) => text.match(/<sync-token>([^<]*)/)[1];
/** What changed and what is gone since a token, the collection itself aside, and the next token. */
async function since(token) {
  const { status, text } = await report(token);
  assert.equal(status, 207, text);
  const gone = [...text.matchAll(/<response[^>]*><href>([^<]*)<\/href><status>HTTP\/1\.1 404/g)].map(([, href]) => href);
  return { changed: hrefs(text).filter((href) => href !== MAIN && !gone.includes(href)), gone, token: tokenOf(text) };
}
const ctag = async () => (await ask("PROPFIND", HOME, { depth: "1", body: propfind("<cs:getctag/>") })).text.match(/home\/<\/href>.*?<getctag[^>]*>([^<]*)/s)[1];
const post = (path, fields) => fetch(`${box.front}/calendars/${MEI.email}/${path}`, { method: "POST", body: new URLSearchParams(fields), redirect: "manual" });
const day = (days) => later(days).toISOString().slice(0, 10);

describe("Apple: changes", () => {
  test("what is changed by hand is told like what a device changed", async () => {
    let { token, changed } = await since("");
    assert.ok(changed.length > 50);
    const before = await ctag();
    assert.equal(await ctag(), before);
    await ask("PUT", `${MAIN}one.ics`, { headers: ICS, body: object("one") });
    ({ token, changed } = await since(token));
    assert.deepEqual(changed, [`${MAIN}one.ics`]);
    assert.notEqual(await ctag(), before);

    const { calendar, id } = (await box.events(MEI.email)).find(({ ical_uid }) => ical_uid === "one");
    assert.equal((await post("move", { calendar, event: id, start: `${day(21)}T09:30` })).status, 303);
    let gone;
    ({ token, changed } = await since(token));
    assert.deepEqual(changed, [`${MAIN}one.ics`]);
    const moved = await ctag();
    assert.equal((await post("delete", { calendar, event: (await box.events(MEI.email)).find(({ ical_uid }) => ical_uid === "one").id })).status, 303);
    ({ token, changed, gone } = await since(token));
    assert.deepEqual([changed, gone], [[], [`${MAIN}one.ics`]]);
    assert.notEqual(await ctag(), moved);

    // One time of a series changes the object it is in.
    const standUp = (await box.events(MEI.email)).find((event) => event.id.startsWith("stand-up@icloud.example.ics#") && event.start > new Date().toISOString());
    assert.equal((await post("delete", { calendar, event: standUp.id })).status, 303);
    ({ token, changed } = await since(token));
    assert.deepEqual(changed, [`${MAIN}stand-up@icloud.example.ics`]);
  });

  test("invitations, their changes and their end arrive; so do answers", async () => {
    const { token } = await since("");
    const ana = await clients(box).calendarFor(ANA);
    const start = { dateTime: hours(nextMonday(), -20) };
    const { data: event } = await ana.events.insert({ calendarId: "primary", sendUpdates: "all", requestBody: meeting({ attendees: [{ email: MEI.email }] }) });
    const invited = await since(token);
    assert.equal(invited.changed.length, 1);
    await ana.events.patch({ calendarId: "primary", eventId: event.id, sendUpdates: "all", requestBody: { start: { dateTime: hours(nextMonday(), -22) }, end: start } });
    const moved = await since(invited.token);
    assert.deepEqual(moved.changed, invited.changed);
    await ana.events.delete({ calendarId: "primary", eventId: event.id, sendUpdates: "all" });
    assert.deepEqual((await since(moved.token)).changed, invited.changed, "cancelled, and still there");
  });

  test("tsdav sees the same", async () => {
    await box.fault({ provider: "apple", kind: "plain_principal" });
    const client = await clientFor(box, MEI);
    const [calendar] = (await client.fetchCalendars()).filter(({ url }) => url.endsWith("/home/"));
    const first = await client.syncCollection({ url: calendar.url, props: { "d:getetag": {} }, syncLevel: 1, syncToken: "" });
    const token = first[0].raw.multistatus.syncToken;
    await ask("PUT", `${MAIN}two.ics`, { headers: ICS, body: object("two") });
    const second = await client.syncCollection({ url: calendar.url, props: { "d:getetag": {} }, syncLevel: 1, syncToken: token });
    assert.ok(second.some(({ href }) => href.endsWith("/two.ics")));
  });

  test("tokens end on demand, for one person, and with the world", async () => {
    const { token } = await since("");
    const noah = async (text) => (await asking(box, NOAH, "REPORT", `/${NOAH.number}/calendars/home/`, { body: sync(text), depth: "0" }));
    const his = tokenOf((await noah("")).text);
    await box.control("POST", "cursors/expire", { provider: "apple", account: MEI.email });
    const dead = await report(token);
    assert.ok(dead.status === 403 && dead.text.includes("valid-sync-token"));
    assert.equal((await noah(his)).status, 207);
    const { token: next } = await since("");
    assert.deepEqual((await since(next)).changed, []);
    await box.reset();
    assert.equal((await report(next)).status, 403);
  });
});
