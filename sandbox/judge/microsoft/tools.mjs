// What the cases share: the sandbox, the SDK pointed at it, requests without the SDK, and Microsoft's own types.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Client } from "@microsoft/microsoft-graph-client";
import typescript from "typescript";
import { sandbox, walkSignIn } from "../start.mjs";

export const box = sandbox(Number(process.env.CONVENE_SANDBOX_BASE));
export const HTTPS = `https://localhost:${box.base + 3}`;
export const CHLOE = "chloe.dubois@example.org";
export const RAJ = "raj.patel@example.org";
export const MIA = "mia.rossi@outlook.example";
export const BEN = "ben.okafor@example.com";
export const PERSONAL_TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad";
export const GRAPH = "https://graph.microsoft.com/";
export const REDIRECT = "http://127.0.0.1:3000/auth/microsoft/callback";
export const ALL = ["openid", "profile", "email", "offline_access", "User.Read", "Calendars.ReadWrite", "MailboxSettings.Read"];
export const BOOKING = "String {0c7d7a52-5d0f-4d43-9c8a-2f0a4d3a7f11} Name bookingId";

/** The SDK as somebody with these scopes, without a browser. */
export async function graphAs(account, scopes = ALL) {
  const { access_token } = await box.token("microsoft", account, scopes);
  return graphWith(access_token);
}

/** The SDK with this token: Microsoft's own middleware, retries included. */
export function graphWith(token) {
  return Client.init({
    authProvider: (done) => done(null, token),
    baseUrl: `${HTTPS}/`,
    defaultVersion: "v1.0",
    customHosts: new Set(["localhost"]),
  });
}

/** Graph without the SDK, for what the SDK hides: status, headers, body. */
export async function plainAs(account, scopes = ALL) {
  const { access_token } = await box.token("microsoft", account, scopes);
  return async (method, path, { body, headers = {}, base = HTTPS } = {}) => {
    const response = await fetch(`${base}/v1.0${path}`, {
      method,
      headers: { authorization: `Bearer ${access_token}`, ...(body ? { "content-type": "application/json" } : {}), ...headers },
      body: body && JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: text ? JSON.parse(text) : null };
  };
}

/** Fails unless the SDK's call is refused with this status and code; returns the SDK's error. */
export async function refused(promise, status, code) {
  const error = await promise.then(
    (answer) => assert.fail(`expected ${status} ${code}, was answered ${JSON.stringify(answer)}`),
    (error) => error,
  );
  assert.equal(error.statusCode, status, `${error.code}: ${error.message}`);
  assert.equal(error.code, code, error.message);
  // The SDK reads these from innerError; without them support can find nothing.
  assert.match(error.requestId, /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/);
  assert.ok(!Number.isNaN(error.date.getTime()));
  return error;
}

/** An authorization URL and what is needed to redeem its code. */
export function authorization(tenant, scope = ALL.join(" "), extra = {}) {
  const verifier = randomBytes(32).toString("base64url");
  const state = randomBytes(12).toString("hex");
  const nonce = randomBytes(12).toString("hex");
  const url = new URL(`${box.microsoft}/${tenant}/oauth2/v2.0/authorize`);
  const parameters = {
    client_id: box.client.id,
    response_type: "code",
    redirect_uri: REDIRECT,
    response_mode: "query",
    scope,
    state,
    nonce,
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    ...extra,
  };
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) url.searchParams.set(name, value);
  return { url, verifier, state, nonce };
}

/** Posts to the token endpoint; client credentials are added unless overridden. */
export async function tokenRequest(tenant, fields) {
  const form = { client_id: box.client.id, client_secret: box.client.secret, ...fields };
  for (const name of Object.keys(form)) if (form[name] === undefined) delete form[name];
  const response = await fetch(`${box.microsoft}/${tenant}/oauth2/v2.0/token`, { method: "POST", body: new URLSearchParams(form) });
  return { status: response.status, body: await response.json() };
}

/** Fails unless the token endpoint refused in the identity platform's way. */
export function assertAadsts({ status, body }, wantedStatus, error, code, suberror) {
  assert.equal(status, wantedStatus, JSON.stringify(body));
  assert.equal(body.error, error);
  assert.deepEqual(body.error_codes, [code]);
  assert.equal(body.suberror, suberror);
  assert.match(body.error_description, new RegExp(`^AADSTS${code}: .+ Trace ID: .+ Correlation ID: .+ Timestamp: .+Z$`));
  assert.match(body.timestamp, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/);
  assert.ok(body.trace_id && body.correlation_id && body.error_uri.endsWith(String(code)));
}

/** Signs in through the pages and redeems the code. */
export async function signIn(account, { tenant = "common", scope, extra, walk } = {}) {
  const asked = authorization(tenant, scope, extra);
  const back = await walkSignIn(asked.url, account, walk);
  const code = back.searchParams.get("code");
  const fields = { grant_type: "authorization_code", code, redirect_uri: REDIRECT, code_verifier: asked.verifier };
  return { asked, back, code, fields, answer: code && (await tokenRequest(tenant, fields)) };
}

/** A time zone-less time some days ahead, at this hour. */
export function at(daysAhead, time = "09:00:00") {
  const day = new Date(Date.now() + daysAhead * 86_400_000).toISOString().slice(0, 10);
  return `${day}T${time}`;
}

/** A Graph dateTimeTimeZone. */
export const when = (dateTime, timeZone = "UTC") => ({ dateTime, timeZone });

/** A minimal body for an event, an hour long. */
export function draft(extra = {}) {
  return { subject: "Interview", start: when(at(30, "09:00:00")), end: when(at(30, "10:00:00")), ...extra };
}

/** A guest as Graph wants it. */
export const guest = (address, type = "required") => ({ emailAddress: { address, name: address.split("@")[0] }, type });

const types = typescript.createSourceFile(
  "microsoft-graph.d.ts",
  readFileSync(createRequire(import.meta.url).resolve("@microsoft/microsoft-graph-types/microsoft-graph.d.ts"), "utf8"),
  typescript.ScriptTarget.Latest,
);
const interfaces = new Map();
typescript.forEachChild(types, function visit(node) {
  if (typescript.isInterfaceDeclaration(node)) interfaces.set(node.name.text, node);
  else typescript.forEachChild(node, visit);
});

/** The property names Microsoft's own types give an interface, inherited ones included. */
function propertiesOf(name) {
  const node = interfaces.get(name);
  assert.ok(node, `Microsoft's types have no ${name}`);
  const inherited = (node.heritageClauses ?? []).flatMap((clause) => clause.types.map((type) => type.expression.getText(types)));
  const own = node.members.map((member) => member.name.getText(types));
  return new Set([...own, ...inherited.flatMap((parent) => [...propertiesOf(parent)])]);
}

/** Fails if a value carries a property that Microsoft's types do not know; annotations aside. */
export function assertType(name, value) {
  const known = propertiesOf(name);
  const unknown = Object.keys(value).filter((property) => !property.startsWith("@") && !known.has(property));
  assert.deepEqual(unknown, [], `unknown to ${name}`);
}

/** Fails unless this is a whole event as Graph returns it. */
export function assertEvent(event) {
  assertType("Event", event);
  for (const name of [
    "id", "createdDateTime", "lastModifiedDateTime", "changeKey", "categories", "iCalUId", "subject", "bodyPreview",
    "importance", "sensitivity", "isAllDay", "isCancelled", "isOrganizer", "responseRequested", "showAs", "type",
    "webLink", "responseStatus", "body", "start", "end", "location", "attendees", "organizer",
  ]) assert.ok(name in event, `${name} is missing`);
  assert.equal(event["@odata.etag"], `W/"${event.changeKey}"`);
  assertType("DateTimeTimeZone", event.start);
  assertType("Location", event.location);
  for (const attendee of event.attendees) assertType("Attendee", attendee);
  assert.match(event.start.dateTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}$/);
}

/** Percent-encodes an id for a path. */
export const enc = encodeURIComponent;
