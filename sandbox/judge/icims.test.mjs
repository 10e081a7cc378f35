// iCIMS has no SDK and no public text on limits: this asks by plain requests, as a careful client would, and holds the sandbox
// to the least that such a client may count on.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { startSandbox } from "./start.mjs";

const KEY = "sandbox-icims-key";
let box, application;
before(async () => (box = await startSandbox()));
after(() => box?.stop());
beforeEach(async () => {
  await box.reset();
  [application] = (await box.control("GET", "icims/notes")).applications;
});

/** One request below the customer; the answer with its body read. */
async function ask(method, path, { body, key = KEY, customer = "1234", headers = {}, signal } = {}) {
  const response = await fetch(`${box.icims}/customers/${customer}/applicantworkflows/${path}`, {
    method,
    headers: { ...(key ? { authorization: `Bearer ${key}` } : {}), ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
    body: body === undefined || typeof body === "string" ? body : JSON.stringify(body),
    signal,
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

const write = (note, options) => ask("POST", `${application.id}/notes`, { body: { note }, ...options });
const texts = async () => (await box.control("GET", `icims/notes?application=${application.id}`)).applications[0].notes.map(({ note }) => note);

/** Fails unless it was refused in iCIMS's shape. */
function assertRefused({ status, body }, wanted) {
  assert.equal(status, wanted, JSON.stringify(body));
  assert.deepEqual(Object.keys(body), ["errors"]);
  assert.equal(typeof body.errors[0].errorMessage, "string");
  assert.ok(body.errors[0].errorCode);
}

describe("iCIMS: applications and notes", () => {
  test("a seeded application is found, others are not", async () => {
    const { status, body } = await ask("GET", application.id);
    assert.equal(status, 200);
    assert.deepEqual(body, { id: application.id, status: application.status });
    for (const path of ["999999", "x", `${application.id}0`, `999999/notes`]) assertRefused(await ask("GET", path), 404);
    assertRefused(await ask("GET", application.id, { customer: "9" }), 404);
    assertRefused(await ask("DELETE", application.id), 405);
  });

  test("without the key there is nothing", async () => {
    for (const key of [null, "", "wrong", KEY.toUpperCase()]) {
      assertRefused(await ask("GET", application.id, { key }), 401);
      assertRefused(await write("hello", { key }), 401);
    }
    assert.deepEqual(await texts(), []);
  });

  test("a note is created, has an address, and is read back", async () => {
    const { status, headers, body } = await write("Interview booked\nTuesday 10:00 UTC · ünïcode ✓");
    assert.equal(status, 201);
    const address = headers.get("location");
    assert.equal(address, `${box.icims}/customers/1234/applicantworkflows/${application.id}/notes/${body.id}`);
    const note = await (await fetch(address, { headers: { authorization: `Bearer ${KEY}` } })).json();
    assert.deepEqual(Object.keys(note).sort(), ["createdDate", "id", "note"]);
    assert.equal(note.note, "Interview booked\nTuesday 10:00 UTC · ünïcode ✓");
    assert.ok(Math.abs(new Date(note.createdDate) - Date.now()) < 60_000);
    assertRefused(await ask("GET", `${application.id}/notes/${body.id + 1000}`), 404);
  });

  test("the same note again is another note, whatever key comes along", async () => {
    const headers = { "idempotency-key": "note-1", "x-request-id": "note-1" };
    const [one, two] = [await write("twice", { headers }), await write("twice", { headers })];
    assert.notEqual(one.body.id, two.body.id);
    assert.deepEqual(await texts(), ["twice", "twice"]);
    const requests = await box.requests("?provider=icims");
    assert.deepEqual(requests.map((request) => request.headers["idempotency-key"]), ["note-1", "note-1"]);
    assert.ok(requests.every((request) => !("authorization" in request.headers)), "the key is not written down");
  });

  test("wrong bodies are refused and leave nothing", async () => {
    const wrong = ["", "{", "[]", '"text"', {}, { note: 1 }, { note: null }, { note: " \n" }, { note: "x", also: "y" }, { text: "x" }];
    for (const body of wrong) assertRefused(await ask("POST", `${application.id}/notes`, { body }), 400);
    assertRefused(await write("ä".repeat(10_001)), 400);
    assertRefused(await ask("POST", "999999/notes", { body: { note: "x" } }), 404);
    assert.deepEqual(await texts(), []);
    assert.equal((await write("ä".repeat(10_000))).status, 201);
  });

  test("a long list is walked in pages, oldest first", async () => {
    for (let n = 0; n < 130; n++) await box.control("POST", "icims/notes", { application: application.id, note: `note ${n}` });
    await write("marker");
    const page = async (query) => (await ask("GET", `${application.id}/notes${query}`)).body;
    const first = await page("");
    assert.deepEqual([first.notes.length, first.offset, first.limit, first.total], [20, 0, 20, 131]);
    assert.equal(first.notes[0].note, "note 0");
    const large = await page("?offset=100&limit=5000");
    assert.deepEqual([large.notes.length, large.limit], [31, 100]);
    assert.equal(large.notes.at(-1).note, "marker");
    assert.deepEqual((await page("?offset=500")).notes, []);
    const seen = [];
    for (let offset = 0; ; offset += 50) {
      const { notes, total } = await page(`?offset=${offset}&limit=50`);
      seen.push(...notes);
      if (offset + 50 >= total) break;
    }
    assert.equal(new Set(seen.map(({ id }) => id)).size, 131);
    for (const query of ["?limit=0", "?limit=-1", "?offset=x"]) assertRefused(await ask("GET", `${application.id}/notes${query}`), 400);
  });
});

describe("iCIMS: failures", () => {
  const fault = (fault) => box.fault({ provider: "icims", ...fault });

  test("a rate limit says when to come back", async () => {
    await fault({ kind: "status", status: 429, retry_after: 7, times: 1 });
    const refused = await write("limited");
    assertRefused(refused, 429);
    assert.equal(refused.headers.get("retry-after"), "7");
    assert.equal((await write("limited")).status, 201);
    assert.deepEqual(await texts(), ["limited"]);
  });

  test("an outage lasts as long as told and ends by itself", async () => {
    await fault({ kind: "status", status: 503, seconds: 1800 });
    assertRefused(await write("out"), 503);
    await box.advance(1799);
    assertRefused(await write("out"), 503);
    await box.advance(2);
    assert.equal((await write("back")).status, 201);
    assert.deepEqual((await box.control("GET", "faults")).faults, []);
    assert.deepEqual(await texts(), ["back"]);
  });

  test("its own errors can be had by name, and no tokens or calendars can fail", async () => {
    await fault({ kind: "internalError", times: 1 });
    assertRefused(await ask("GET", application.id), 500);
    await assert.rejects(fault({ kind: "revoke" }), /gives out no tokens/);
    await assert.rejects(fault({ kind: "calendar_error", calendar: "x", reason: "y" }), /has no calendars/);
    await assert.rejects(fault({ kind: "notFoundEither" }), /neither a kind nor an error of icims/);
    await assert.rejects(fault({ kind: "status", status: 503, seconds: 0 }), /seconds must be a whole number/);
  });

  test("the work is done and the answer lost; the marker is found by reading", async () => {
    await fault({ kind: "drop_after_write", times: 1 });
    await assert.rejects(write("marker 17"));
    assert.deepEqual(await texts(), ["marker 17"]);
    const { notes } = (await ask("GET", `${application.id}/notes`)).body;
    assert.equal(notes.filter(({ note }) => note.includes("marker 17")).length, 1);
    await fault({ kind: "drop_before_write", times: 1 });
    await assert.rejects(write("never"));
    assert.deepEqual(await texts(), ["marker 17"]);
    assert.deepEqual((await box.requests("?provider=icims")).map(({ status }) => status), [null, 200, null]);
  });

  test("an answer can be slower than the client waits", async () => {
    await fault({ kind: "latency", ms: 30_000 });
    await assert.rejects(write("slow", { signal: AbortSignal.timeout(200) }), ({ name }) => name === "TimeoutError");
  });
});

describe("iCIMS: steering and watching", () => {
  test("notes are added and cleared by hand", async () => {
    await box.control("POST", "icims/notes", { application: application.id, note: "by hand" });
    assert.deepEqual(await texts(), ["by hand"]);
    await box.control("DELETE", "icims/notes?application=20934");
    assert.deepEqual(await texts(), ["by hand"]);
    await box.control("DELETE", "icims/notes");
    assert.deepEqual(await texts(), []);
    await assert.rejects(box.control("POST", "icims/notes", { application: 1, note: "x" }), /404 There is no application 1/);
    await assert.rejects(box.control("POST", "icims/notes", { application: application.id, note: "" }), /422/);
    await assert.rejects(box.control("GET", "icims/notes?application=1"), /404/);
  });

  test("the front page leads to the notes, which are escaped", async () => {
    await write("<b>Interview booked</b>");
    const front = await (await fetch(box.front)).text();
    assert.ok(front.includes('href="/notes"') && front.includes(box.icims) && front.includes(KEY));
    const page = await (await fetch(`${box.front}/notes`)).text();
    assert.ok(page.includes("Applicant notes") && page.includes(application.candidate));
    assert.ok(page.includes("&lt;b&gt;Interview booked&lt;/b&gt;"));
    const { icims, icims_customer, icims_key } = await (await fetch(`${box.front}/control`)).json();
    assert.deepEqual([icims, icims_customer, icims_key], [box.icims, "1234", KEY]);
  });
});
