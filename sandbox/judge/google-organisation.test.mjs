// The judge of domain-wide delegation: Google's own JWT client, with the key file the sandbox hands out and a subject, and the
// Calendar client on top of it. Both are pointed at the sandbox only by settings of their own.

import assert from "node:assert/strict";
import { createSign, generateKeyPairSync } from "node:crypto";
import { after, before, beforeEach, describe, test } from "node:test";
import { JWT } from "google-auth-library";
import { ANA, AUTH, BEN, RAJ, TOM, clients, hours, meeting, nextMonday, refused } from "./google.mjs";
import { startSandbox } from "./start.mjs";

const LEO = "leo.martin@gmail.example";
const FREEBUSY = `${AUTH}calendar.freebusy`;
const READ = `${AUTH}calendar.readonly`;

let box, file;
before(async () => (box = await startSandbox()));
after(() => box?.stop());
beforeEach(async () => {
  await box.reset();
  file = await box.control("GET", "google/service-account");
});

const delegate = (...scopes) => box.control("POST", "google/delegation", { scopes });

/** Google's client, acting as somebody. Its token address is fixed, so the transport leads it to the one in the key file. */
function actingAs(subject, scopes, key = file) {
  const additionalClaims = { aud: key.token_uri };
  const auth = new JWT({ email: key.client_email, key: key.private_key, keyId: key.private_key_id, subject, scopes, additionalClaims });
  auth.transporter.interceptors.request.add({
    resolved: async (config) => {
      if (String(config.url) === "https://oauth2.googleapis.com/token") config.url = new URL(key.token_uri);
      return config;
    },
  });
  return auth;
}

const calendarAs = (subject, scopes = [FREEBUSY]) => clients(box).api(actingAs(subject, scopes));

/** Free/busy of these people over the next working week. */
const ask = (calendar, people, extra = {}) =>
  calendar.freebusy.query({
    requestBody: { timeMin: hours(nextMonday(), 0), timeMax: hours(nextMonday(), 120), items: people.map((id) => ({ id })), ...extra },
  });

describe("Google: the service account", () => {
  test("its key file is Google's format", () => {
    assert.equal(file.type, "service_account");
    assert.match(file.client_email, /@.+\.iam\.gserviceaccount\.com$/);
    assert.match(file.client_id, /^\d{21}$/);
    assert.match(file.private_key_id, /^[0-9a-f]{40}$/);
    assert.match(file.private_key, /^-----BEGIN PRIVATE KEY-----\n/);
    assert.equal(file.token_uri, `${box.google}/token`);
    const client = new JWT();
    client.fromJSON(file);
    assert.equal(client.email, file.client_email);
  });

  test("a token is somebody's, with the scopes that were asked for, and cannot be refreshed", async () => {
    await delegate(FREEBUSY, READ);
    const auth = actingAs(BEN, [FREEBUSY]);
    const tokens = await auth.authorize();
    assert.equal(tokens.token_type, "Bearer");
    assert.ok(tokens.expiry_date > Date.now() + 3_500_000);
    assert.equal(tokens.id_token, undefined);
    const info = await (await fetch(`${box.google}/tokeninfo?access_token=${tokens.access_token}`)).json();
    assert.equal(info.azp, file.client_id);
    assert.equal(info.scope, FREEBUSY);
    const requests = await box.requests("?provider=google");
    const trade = requests.find(({ path }) => path === "/token");
    assert.equal(trade.body.assertion, "…");
    assert.deepEqual(Object.keys(trade.answer).sort(), ["access_token", "expires_in", "token_type"]);
  });

  test("free/busy of colleagues is theirs; accounts outside are not found", async () => {
    await delegate(FREEBUSY);
    const { data } = await ask(await calendarAs(ANA), [ANA, BEN, TOM, RAJ, LEO, "nobody@example.com"]);
    const own = await clients(box).calendarFor(BEN, [FREEBUSY]);
    const { data: same } = await ask(own, [BEN]);
    assert.deepEqual(data.calendars[BEN], same.calendars[BEN]);
    assert.ok(data.calendars[TOM].busy.length && data.calendars[BEN].busy.length);
    for (const outside of [RAJ, LEO, "nobody@example.com"]) {
      assert.equal(data.calendars[outside].errors[0].reason, "notFound", outside);
    }
    const last = (await box.requests("?provider=google")).findLast(({ path }) => path.endsWith("/freeBusy"));
    assert.deepEqual([last.account, last.application], [BEN, null], "a person's own token");
    const byApplication = (await box.requests("?provider=google")).find(({ path }) => path.endsWith("/freeBusy"));
    assert.deepEqual([byApplication.account, byApplication.application], [ANA, file.client_id]);
  });

  test("fifty calendars are answered, one more is not", async () => {
    await delegate(FREEBUSY);
    const calendar = await calendarAs(ANA);
    const some = (count) => Array.from({ length: count }, (_, n) => (n ? `p${n}@example.com` : ANA));
    assert.equal((await ask(calendar, some(50))).data.calendars[ANA].errors, undefined);
    assert.equal((await ask(calendar, some(51))).data.calendars[ANA].errors[0].reason, "tooManyCalendarsRequested");
  });

  test("all of the Calendar API acts as the subject", async () => {
    await delegate(`${AUTH}calendar`);
    const calendar = await calendarAs(BEN, [`${AUTH}calendar`]);
    const { data: event } = await calendar.events.insert({ calendarId: "primary", requestBody: meeting() });
    assert.equal(event.organizer.email, BEN);
    assert.equal((await calendar.calendarList.get({ calendarId: "primary" })).data.id, BEN);
    assert.ok((await box.events(BEN)).some(({ id }) => id === event.id));
  });

  test("a narrow token opens no more than its scope", async () => {
    await delegate(FREEBUSY, READ);
    await refused((await calendarAs(ANA)).events.list({ calendarId: "primary" }), 403, "insufficientPermissions");
    const { data } = await (await calendarAs(ANA, [READ])).events.list({ calendarId: "primary" });
    assert.ok(data.items.length);
  });
});

describe("Google: what is refused", () => {
  /** Fails unless the token endpoint refused with this status, error and description. */
  async function tokenRefused(auth, status, error, description) {
    const { response } = await auth.authorize().then(
      () => assert.fail(`expected ${status} ${error}`),
      (error) => error,
    );
    assert.equal(response.status, status);
    assert.equal(response.data.error, error);
    assert.match(response.data.error_description, description);
  }
  const UNAUTHORIZED = /^Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested\.$/;

  test("nothing was delegated, or not this scope, or it was withdrawn", async () => {
    await tokenRefused(actingAs(ANA, [FREEBUSY]), 401, "unauthorized_client", UNAUTHORIZED);
    await delegate(FREEBUSY);
    await actingAs(ANA, [FREEBUSY]).authorize();
    await tokenRefused(actingAs(ANA, [READ]), 401, "unauthorized_client", UNAUTHORIZED);
    await tokenRefused(actingAs(ANA, [FREEBUSY, READ]), 401, "unauthorized_client", UNAUTHORIZED);
    await box.control("DELETE", "google/delegation?domain=example.com");
    assert.deepEqual((await box.control("GET", "google/delegation")).delegations, []);
    await tokenRefused(actingAs(ANA, [FREEBUSY]), 401, "unauthorized_client", UNAUTHORIZED);
  });

  test("a person outside the Workspace, nobody, and an account at another provider", async () => {
    await delegate(FREEBUSY);
    await tokenRefused(actingAs(LEO, [FREEBUSY]), 401, "unauthorized_client", UNAUTHORIZED);
    for (const subject of ["nobody@example.com", RAJ, undefined]) {
      await tokenRefused(actingAs(subject, [FREEBUSY]), 400, "invalid_grant", /^Invalid email or User ID$/);
    }
  });

  test("another key, another account, another audience", async () => {
    await delegate(FREEBUSY);
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const forged = { ...file, private_key: privateKey.export({ type: "pkcs8", format: "pem" }) };
    await tokenRefused(actingAs(ANA, [FREEBUSY], forged), 400, "invalid_grant", /^Invalid JWT Signature\.$/);
    await tokenRefused(actingAs(ANA, [FREEBUSY], { ...file, client_email: "x@y.iam.gserviceaccount.com" }), 400, "invalid_grant", /account not found/);
    const elsewhere = actingAs(ANA, [FREEBUSY]);
    elsewhere.additionalClaims = { aud: "https://oauth2.googleapis.com/token" };
    await tokenRefused(elsewhere, 400, "invalid_grant", /Failed audience check/);
  });

  /** An assertion made by hand, for what Google's client does not do. */
  async function trade(claims, { header = {}, tamper = (text) => text } = {}) {
    const now = Math.floor(Date.now() / 1000);
    const all = { iss: file.client_email, sub: ANA, scope: FREEBUSY, aud: file.token_uri, iat: now, exp: now + 3600, ...claims };
    const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const signed = `${part({ alg: "RS256", typ: "JWT", kid: file.private_key_id, ...header })}.${part(all)}`;
    const signature = createSign("RSA-SHA256").update(signed).sign(file.private_key, "base64url");
    const body = new URLSearchParams({ grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion: tamper(`${signed}.${signature}`) });
    const response = await fetch(file.token_uri, { method: "POST", body });
    return { status: response.status, ...(await response.json()) };
  }

  test("times out of bounds, missing scopes, and tampering", async () => {
    await delegate(FREEBUSY);
    assert.equal((await trade({})).status, 200);
    const now = Math.floor(Date.now() / 1000);
    const late = [{ exp: now + 3601 }, { iat: now - 7200, exp: now - 3600 }, { iat: now + 600, exp: now + 1200 }, { iat: now, exp: now - 1 }, { iat: undefined }];
    for (const times of late) {
      const { status, error, error_description } = await trade(times);
      assert.deepEqual([status, error], [400, "invalid_grant"], JSON.stringify(times));
      assert.match(error_description, /^Invalid JWT: Token must be a short-lived token \(60 minutes\)/);
    }
    assert.deepEqual([(await trade({ scope: " " })).error, (await trade({ scope: `${AUTH}drive` })).error], ["invalid_scope", "invalid_scope"]);
    const swap = (text) => {
      const [header, claims, signature] = text.split(".");
      const other = JSON.parse(Buffer.from(claims, "base64url"));
      return [header, Buffer.from(JSON.stringify({ ...other, sub: BEN })).toString("base64url"), signature].join(".");
    };
    assert.equal((await trade({}, { tamper: swap })).error_description, "Invalid JWT Signature.");
    for (const tamper of [(text) => text.slice(0, -6), () => "a.b", () => "..", () => "x", (text) => `${text}.x`]) {
      const { status, error } = await trade({}, { tamper });
      assert.deepEqual([status, error], [400, "invalid_grant"]);
    }
    for (const header of [{ alg: "none" }, { alg: "HS256" }, { kid: "0".repeat(40) }]) {
      assert.equal((await trade({}, { header })).error_description, "Invalid JWT Signature.", JSON.stringify(header));
    }
    assert.equal((await trade({}, { header: { kid: undefined } })).status, 200, "Google's own client names no key");
    assert.equal((await trade({}, { tamper: () => "" })).error, "invalid_request");
  });

  test("its tokens end like others, and a new one can be had however far the clock was moved", async () => {
    await delegate(FREEBUSY);
    const { access_token } = await trade({});
    const list = (token) =>
      fetch(`${box.google}/calendar/v3/freeBusy`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}` },
        body: JSON.stringify({ timeMin: hours(nextMonday(), 0), timeMax: hours(nextMonday(), 1), items: [{ id: BEN }] }),
      });
    assert.equal((await list(access_token)).status, 200);
    await box.advance(3600);
    assert.equal((await list(access_token)).status, 401);
    const again = await trade({});
    assert.equal((await list(again.access_token)).status, 200);
    await box.fault({ provider: "google", kind: "expire_tokens", account: ANA });
    assert.equal((await list(again.access_token)).status, 401);
    await box.fault({ provider: "google", kind: "delegation.missing", times: 1 });
    assert.equal((await trade({})).error, "unauthorized_client");
    assert.equal((await trade({})).status, 200);
  });

  test("revoking its token takes nothing from the person it acted as", async () => {
    await delegate(FREEBUSY);
    const own = await box.token("google", ANA, [FREEBUSY]);
    const { access_token } = await trade({});
    await fetch(`${box.google}/revoke`, { method: "POST", body: new URLSearchParams({ token: access_token }) });
    const status = async (token) => (await fetch(`${box.google}/tokeninfo?access_token=${token}`)).status;
    assert.deepEqual([await status(access_token), await status(own.access_token)], [400, 200]);
  });

  test("the control API says what it does not know", async () => {
    await assert.rejects(box.control("POST", "google/delegation", { scopes: ["drive"] }), /does not know the scope drive/);
    await assert.rejects(box.control("POST", "google/delegation", { domain: "gmail.example", scopes: [] }), /404 There is no Workspace gmail\.example/);
    await assert.rejects(box.control("DELETE", "google/delegation?domain=example.org"), /404/);
  });
});
