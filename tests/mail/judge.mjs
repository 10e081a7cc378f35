// Reads the golden calendar files with ical.js, the parser of Thunderbird's calendar, and compares what it understood with
// what was meant. Run from the repository's root: node tests/mail/judge.mjs
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import ICAL from "ical.js";

const expected = {
  "request.ics": { method: "REQUEST", sequence: 0, start: "2027-03-09T14:00:00Z", status: "CONFIRMED", attendees: 3 },
  "request-update.ics": { method: "REQUEST", sequence: 1, start: "2027-03-10T14:00:00Z", status: "CONFIRMED", attendees: 3 },
  "cancel.ics": { method: "CANCEL", sequence: 2, start: "2027-03-10T14:00:00Z", status: "CANCELLED", attendees: 3 },
  "publish.ics": { method: "PUBLISH", sequence: 0, start: "2027-03-09T14:00:00Z", status: "CONFIRMED", attendees: 0 },
};

function judge(name, meant) {
  const text = readFileSync(new URL(`golden/${name}`, import.meta.url), "utf8");
  const calendar = new ICAL.Component(ICAL.parse(text));
  const event = calendar.getFirstSubcomponent("vevent");
  const value = (property) => event.getFirstPropertyValue(property);
  assert.equal(calendar.getAllSubcomponents().length, 1);
  assert.equal(calendar.getFirstPropertyValue("version"), "2.0");
  assert.equal(calendar.getFirstPropertyValue("method"), meant.method);
  assert.equal(value("uid"), "0195a1b2c3d47e5f8a9b0c1d2e3f4a5b@convene.example.com");
  assert.equal(value("sequence"), meant.sequence);
  assert.equal(value("status"), meant.status);
  assert.equal(value("dtstart").toString(), meant.start);
  assert.equal(value("dtstart").zone, ICAL.Timezone.utcTimezone);
  assert.equal(value("dtend").subtractDate(value("dtstart")).toSeconds(), 45 * 60);
  assert.ok(value("dtstamp") instanceof ICAL.Time);
  assert.equal(value("summary"), "Interview: Backend engineer, first round");
  assert.equal(
    value("description"),
    "Join: https://meet.example.com/abc\nMove or cancel: https://convene.example.com/b/x\nFragen? Wir antworten gern; schreiben Sie Dana.",
  );
  assert.equal(value("location"), "https://meet.example.com/abc");
  assert.equal(value("url"), "https://meet.example.com/abc");
  assert.equal(value("organizer"), "mailto:invites@convene.example.com");
  assert.equal(event.getFirstProperty("organizer").getParameter("cn"), "Dana Cole");
  const attendees = event.getAllProperties("attendee");
  assert.equal(attendees.length, meant.attendees);
  if (attendees.length > 0) {
    assert.deepEqual(attendees.map((a) => a.getFirstValue()), [
      "mailto:sam@example.net",
      "mailto:j%C3%B6rg@example.org",
      "mailto:raj@example.org",
    ]);
    assert.deepEqual(attendees.map((a) => a.getParameter("cn")), ["Sam Candidate", "Jörg JJ Interviewer; Ph.D.", "Raj Observer"]);
    assert.deepEqual(attendees.map((a) => a.getParameter("role")), ["REQ-PARTICIPANT", "REQ-PARTICIPANT", "OPT-PARTICIPANT"]);
    assert.ok(attendees.every((a) => a.getParameter("partstat") === "NEEDS-ACTION"));
    assert.ok(attendees.every((a) => a.getParameter("rsvp") === (meant.method === "REQUEST" ? "TRUE" : undefined)));
  }
  // What ical.js does not look at.
  assert.ok(text.replaceAll("\r\n", "").search(/[\r\n]/) < 0, "CRLF only");
  assert.ok(text.split("\r\n").every((line) => Buffer.byteLength(line) <= 75), "75 octets");
}

let failed = 0;
for (const [name, meant] of Object.entries(expected)) {
  try {
    judge(name, meant);
    console.log(`ok ${name}`);
  } catch (error) {
    failed += 1;
    console.error(`not ok ${name}: ${error.message}`);
  }
}
console.log(`${Object.keys(expected).length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
