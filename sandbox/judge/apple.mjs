// What the Apple judges share: people, a client, objects, and plain WebDAV requests.

import { createDAVClient } from "tsdav";
import { startSandbox } from "./start.mjs";

export const MEI = { email: "mei.tanaka@icloud.example", password: "kumo-asag-irih-oshi", number: "1103847261" };
export const NOAH = { email: "noah.keller@icloud.example", password: "berg-seew-iese-bach", number: "1187450932" };

export { startSandbox };

/** The unmodified client, signed in. */
export const clientFor = (box, { email, password }) =>
  createDAVClient({ serverUrl: box.apple, credentials: { username: email, password }, authMethod: "Basic", defaultAccountType: "caldav" });

export const basic = ({ email, password }) => `Basic ${Buffer.from(`${email}:${password}`).toString("base64")}`;

/** One plain request; the answer with its text read. `to` is a whole address, or a path at the partition host. */
export async function ask(box, person, method, to, { headers = {}, body, depth, signal } = {}) {
  const response = await fetch(new URL(to, box.applePartition), {
    method,
    redirect: "manual",
    headers: { ...(person ? { authorization: basic(person) } : {}), ...(depth === undefined ? {} : { depth }), ...headers },
    body,
    signal,
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

export const NAMESPACES = 'xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav" xmlns:cs="http://calendarserver.org/ns/" xmlns:a="http://apple.com/ns/ical/"';
export const propfind = (properties) => `<d:propfind ${NAMESPACES}><d:prop>${properties}</d:prop></d:propfind>`;
export const query = (from, until, data = "<c:calendar-data/>") =>
  `<c:calendar-query ${NAMESPACES}><d:prop><d:getetag/>${data}</d:prop><c:filter><c:comp-filter name="VCALENDAR"><c:comp-filter name="VEVENT">` +
  `<c:time-range start="${stamp(from)}" end="${stamp(until)}"/></c:comp-filter></c:comp-filter></c:filter></c:calendar-query>`;
export const sync = (token) =>
  `<d:sync-collection ${NAMESPACES}><d:sync-token>${token}</d:sync-token><d:sync-level>1</d:sync-level>` +
  `<d:limit><d:nresults>1</d:nresults></d:limit><d:prop><d:getetag/></d:prop></d:sync-collection>`;

/** An instant as iCalendar writes it. */
export const stamp = (at) => `${new Date(at).toISOString().slice(0, 19).replace(/[-:]/g, "")}Z`;
/** An instant `days` and `hours` after today's midnight in UTC. */
export const later = (days, hours = 0) => new Date(Math.floor(Date.now() / 86_400_000) * 86_400_000 + days * 86_400_000 + hours * 3_600_000);

/** An object with one event; `lines` replace or join the usual ones. */
export function object(uid, { start = later(20, 3), end = later(20, 4), summary = "Interview", lines = [] } = {}) {
  const event = [`UID:${uid}`, "DTSTAMP:20260101T000000Z", `DTSTART:${stamp(start)}`, ...(end ? [`DTEND:${stamp(end)}`] : []), `SUMMARY:${summary}`, ...lines];
  return ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Judge//EN", "BEGIN:VEVENT", ...event, "END:VEVENT", "END:VCALENDAR", ""].join("\r\n");
}

export const ICS = { "content-type": "text/calendar; charset=utf-8" };
/** The addresses a multistatus names, with the status of each that has one of its own. */
export const hrefs = (text) => [...text.matchAll(/<response[^>]*><href>([^<]*)<\/href>/g)].map(([, href]) => href);
