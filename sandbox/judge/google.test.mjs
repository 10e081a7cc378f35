// The judge of Google's sign-in, tokens and scopes: Google's own Node libraries, unmodified, used as an application would.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { after, before, beforeEach, describe, test } from "node:test";
import { CodeChallengeMethod } from "google-auth-library";
import { ANA, AUTH, BEN, REDIRECT, clients, hours, meeting, nextMonday, refused } from "./google.mjs";
import { startSandbox, walkSignIn } from "./start.mjs";

const SIGN_IN = ["openid", "email", "profile"];
const EVENTS = `${AUTH}calendar.events`;
const FREEBUSY = `${AUTH}calendar.freebusy`;
const LIST = `${AUTH}calendar.calendarlist.readonly`;

let box, oauthClient, calendarFor, api;
before(async () => {
  box = await startSandbox();
  ({ oauthClient, calendarFor, api } = clients(box));
});
after(() => box?.stop());
beforeEach(() => box.reset());

/** Signs in through the pages. */
async function signIn(account, scope, options = {}, walk = {}) {
  const auth = oauthClient();
  const { codeVerifier, codeChallenge } = await auth.generateCodeVerifierAsync();
  const state = randomBytes(16).toString("hex");
  const url = auth.generateAuthUrl({
    access_type: "offline",
    scope,
    state,
    code_challenge: codeChallenge,
    code_challenge_method: CodeChallengeMethod.S256,
    ...options,
  });
  const callback = await walkSignIn(url, account, walk);
  assert.ok(callback.href.startsWith(REDIRECT), callback.href);
  assert.equal(callback.searchParams.get("state"), state);
  return { auth, callback, codeVerifier };
}

describe("sign-in", () => {
  test("a code, an id token that verifies, and both tokens", async () => {
    const nonce = "n-0S6_WzA2Mj";
    const { auth, callback, codeVerifier } = await signIn(ANA, [...SIGN_IN, EVENTS, FREEBUSY], { nonce });
    const { tokens } = await auth.getToken({ code: callback.searchParams.get("code"), codeVerifier });
    assert.equal(tokens.token_type, "Bearer");
    assert.ok(tokens.refresh_token);
    assert.ok(tokens.expiry_date > Date.now());
    const granted = new Set(tokens.scope.split(" "));
    assert.deepEqual(granted, new Set(["openid", `${AUTH}userinfo.email`, `${AUTH}userinfo.profile`, EVENTS, FREEBUSY]));
    assert.equal(callback.searchParams.get("scope"), tokens.scope);

    const ticket = await auth.verifyIdToken({ idToken: tokens.id_token, audience: box.client.id });
    const claims = ticket.getPayload();
    assert.equal(claims.email, ANA);
    assert.equal(claims.email_verified, true);
    assert.equal(claims.hd, "example.com");
    assert.equal(claims.given_name, "Ana");
    assert.equal(claims.nonce, nonce);
    assert.equal(claims.azp, box.client.id);
    const half = createHash("sha256").update(tokens.access_token).digest().subarray(0, 16);
    assert.equal(claims.at_hash, half.toString("base64url"));

    const info = await auth.getTokenInfo(tokens.access_token);
    assert.equal(info.email, ANA);
    assert.ok(info.scopes.includes(EVENTS));
    const userinfo = await fetch(`${box.google}/v1/userinfo`, { headers: { authorization: `Bearer ${tokens.access_token}` } });
    assert.equal((await userinfo.json()).sub, claims.sub);
  });

  test("a signature by another key does not verify", async () => {
    const { id_token } = await box.token("google", ANA, SIGN_IN);
    const [head, body, signature] = id_token.split(".");
    const other = `${head}.${Buffer.from(Buffer.from(body, "base64url").toString().replace(ANA, BEN)).toString("base64url")}.${signature}`;
    await assert.rejects(oauthClient().verifyIdToken({ idToken: other, audience: box.client.id }), /Invalid token signature/);
    await assert.rejects(oauthClient().verifyIdToken({ idToken: id_token, audience: "another" }), /Wrong recipient/);
  });

  test("discovery names this sandbox's own addresses, and they answer", async () => {
    const found = await (await fetch(`${box.google}/.well-known/openid-configuration`)).json();
    assert.equal(found.issuer, box.google);
    const keys = await (await fetch(found.jwks_uri)).json();
    assert.equal(keys.keys[0].alg, "RS256");
    for (const [name, url] of Object.entries(found).filter(([name]) => name.endsWith("_endpoint"))) {
      assert.ok(url.startsWith(box.google), `${name}: ${url}`);
      assert.notEqual((await fetch(url)).status, 404, name);
    }
  });

  test("unticked scopes are not granted and the flow still succeeds", async () => {
    const { auth, callback, codeVerifier } = await signIn(BEN, [...SIGN_IN, EVENTS, FREEBUSY], {}, { untick: (scope) => scope === EVENTS });
    const { tokens } = await auth.getToken({ code: callback.searchParams.get("code"), codeVerifier });
    assert.ok(!tokens.scope.split(" ").includes(EVENTS));
    assert.ok(tokens.scope.split(" ").includes(FREEBUSY));
    auth.setCredentials(tokens);
    const error = await refused(api(auth).events.list({ calendarId: "primary" }), 403, "insufficientPermissions");
    assert.equal(error.response.data.error.details[0].reason, "ACCESS_TOKEN_SCOPE_INSUFFICIENT");
    assert.equal(error.response.data.error.details[0].metadata.method, "calendar.v3.Events.List");
  });

  test("denying comes back with access_denied and no code", async () => {
    const { callback } = await signIn(BEN, [...SIGN_IN, EVENTS], {}, { deny: true });
    assert.equal(callback.searchParams.get("error"), "access_denied");
    assert.equal(callback.searchParams.get("code"), null);
  });

  test("a code works once and is bound to redirect address, client and verifier", async () => {
    const { auth, callback, codeVerifier } = await signIn(ANA, SIGN_IN);
    const code = callback.searchParams.get("code");
    await refused(auth.getToken({ code }), 400, "invalid_grant");
    await refused(auth.getToken({ code, codeVerifier: "x".repeat(43) }), 400, "invalid_grant");
    await refused(auth.getToken({ code, codeVerifier, redirect_uri: `${REDIRECT}/` }), 400, "redirect_uri_mismatch");
    await refused(oauthClient("wrong").getToken({ code, codeVerifier }), 401, "invalid_client");
    await auth.getToken({ code, codeVerifier });
    await refused(auth.getToken({ code, codeVerifier }), 400, "invalid_grant");
  });

  test("a code grows old", async () => {
    const { auth, callback, codeVerifier } = await signIn(ANA, SIGN_IN);
    await box.advance(601);
    await refused(auth.getToken({ code: callback.searchParams.get("code"), codeVerifier }), 400, "invalid_grant");
  });

  test("a refresh token comes only offline and with shown consent", async () => {
    const first = await signIn(ANA, SIGN_IN);
    const code = (flow) => ({ code: flow.callback.searchParams.get("code"), codeVerifier: flow.codeVerifier });
    assert.ok((await first.auth.getToken(code(first))).tokens.refresh_token);
    const again = await signIn(ANA, SIGN_IN);
    assert.equal((await again.auth.getToken(code(again))).tokens.refresh_token, undefined);
    const asked = await signIn(ANA, SIGN_IN, { prompt: "consent" });
    assert.ok((await asked.auth.getToken(code(asked))).tokens.refresh_token);
    const online = await signIn(ANA, SIGN_IN, { prompt: "consent", access_type: "online" });
    assert.equal((await online.auth.getToken(code(online))).tokens.refresh_token, undefined);
  });

  test("incremental consent carries what was granted before", async () => {
    await signIn(ANA, [...SIGN_IN, EVENTS]);
    const more = await signIn(ANA, [...SIGN_IN, FREEBUSY], { include_granted_scopes: true });
    const { tokens } = await more.auth.getToken({ code: more.callback.searchParams.get("code"), codeVerifier: more.codeVerifier });
    assert.ok(tokens.scope.split(" ").includes(EVENTS) && tokens.scope.split(" ").includes(FREEBUSY));
  });

  test("wrong requests end on Google's own page, not at the client", async () => {
    const good = new URL(oauthClient().generateAuthUrl({ scope: SIGN_IN }));
    const cases = [
      ["client_id", "somebody", 401, "invalid_client"],
      ["redirect_uri", "https://example.com/callback", 400, "redirect_uri_mismatch"],
      ["response_type", "token", 400, "unsupported_response_type"],
      ["scope", `${AUTH}drive`, 400, "invalid_scope"],
      ["scope", "", 400, "invalid_request"],
    ];
    for (const [name, value, status, error] of cases) {
      const url = new URL(good);
      url.searchParams.set(name, value);
      const response = await fetch(url, { redirect: "manual" });
      assert.equal(response.status, status, name);
      assert.match(await response.text(), new RegExp(error));
    }
    const silent = await fetch(`${good}&prompt=none`, { redirect: "manual" });
    assert.match(silent.headers.get("location"), /error=interaction_required/);
  });
});

describe("tokens", () => {
  test("an expired access token is refreshed by the library, which keeps the refresh token", async () => {
    const auth = oauthClient();
    const given = await box.token("google", ANA, [LIST]);
    auth.setCredentials({ ...given, expiry_date: Date.now() - 1000 });
    const { data } = await api(auth).calendarList.list();
    assert.equal(data.items[0].id, ANA);
    assert.notEqual(auth.credentials.access_token, given.access_token);
    assert.equal(auth.credentials.refresh_token, given.refresh_token);
    const [refresh] = await box.requests("?provider=google");
    assert.equal(refresh.path, "/token");
    assert.equal("refresh_token" in refresh.answer, false);
  });

  test("an access token dies by the clock and by the switch, with a challenge", async () => {
    const expect401 = async (calendar) => {
      const error = await refused(calendar.calendarList.list(), 401, "authError");
      assert.match(error.response.headers.get("www-authenticate"), /error="invalid_token"/);
    };
    const aged = oauthClient();
    aged.setCredentials({ access_token: (await box.token("google", ANA, [LIST])).access_token });
    await box.advance(3600);
    await expect401(api(aged));
    const killed = oauthClient();
    killed.setCredentials({ access_token: (await box.token("google", ANA, [LIST])).access_token });
    assert.equal((await api(killed).calendarList.list()).status, 200);
    assert.equal((await box.fault({ provider: "google", kind: "expire_tokens", account: ANA })).tokens >= 1, true);
    await expect401(api(killed));
    const response = await fetch(`${box.google}/calendar/v3/users/me/calendarList`);
    assert.equal(response.status, 401);
    assert.equal((await response.json()).error.message, "Login Required.");
  });

  test("revoked by the person, by the switch, and by age", async () => {
    const auth = oauthClient();
    auth.setCredentials(await box.token("google", ANA, [LIST]));
    const { access_token } = auth.credentials;
    assert.equal((await auth.revokeToken(auth.credentials.refresh_token)).status, 200);
    await refused(auth.refreshAccessToken(), 400, "invalid_grant");
    const after = { headers: { authorization: `Bearer ${access_token}` } };
    assert.equal((await fetch(`${box.google}/calendar/v3/users/me/calendarList`, after)).status, 401);
    await refused(auth.revokeToken("1//0unknown"), 400, "invalid_token");

    auth.setCredentials(await box.token("google", ANA, [LIST]));
    await box.fault({ provider: "google", kind: "revoke" });
    const gone = await refused(auth.refreshAccessToken(), 400, "invalid_grant");
    assert.equal(gone.response.data.error_description, "Token has been expired or revoked.");

    await box.control("POST", "policy", { refresh_token_seconds: 7 * 86400 });
    auth.setCredentials(await box.token("google", ANA, [LIST]));
    await auth.refreshAccessToken();
    await box.advance(7 * 86400);
    await refused(auth.refreshAccessToken(), 400, "invalid_grant");
  });

  test("the hundred-and-first refresh token kills the first", async () => {
    const first = oauthClient();
    first.setCredentials(await box.token("google", ANA, [LIST]));
    for (let n = 0; n < 99; n++) await box.token("google", ANA, [LIST]);
    await first.refreshAccessToken();
    await box.token("google", ANA, [LIST]);
    await refused(first.refreshAccessToken(), 400, "invalid_grant");
  });
});

describe("scopes", () => {
  test("each scope opens its methods and no others", async () => {
    const body = { timeMin: hours(nextMonday(), 0), timeMax: hours(nextMonday(), 24), items: [{ id: "primary" }] };
    const calls = {
      freebusy: (calendar) => calendar.freebusy.query({ requestBody: body }),
      list: (calendar) => calendar.calendarList.list(),
      read: (calendar) => calendar.events.list({ calendarId: "primary" }),
      write: (calendar) => calendar.events.insert({ calendarId: "primary", requestBody: meeting() }),
      calendars: (calendar) => calendar.calendars.get({ calendarId: "primary" }),
      make: (calendar) => calendar.calendars.insert({ requestBody: { summary: "x" } }),
    };
    const table = {
      calendar: ["freebusy", "list", "read", "write", "calendars", "make"],
      "calendar.events": ["read", "write"],
      "calendar.events.owned": ["read", "write"],
      "calendar.freebusy": ["freebusy"],
      "calendar.events.freebusy": ["freebusy", "read"],
      "calendar.calendarlist.readonly": ["list"],
      "calendar.readonly": ["freebusy", "list", "read", "calendars"],
      "calendar.events.readonly": ["read"],
      "calendar.app.created": ["make"],
      "calendar.calendars": ["calendars", "make"],
    };
    for (const [scope, opened] of Object.entries(table)) {
      const calendar = await calendarFor(ANA, [AUTH + scope]);
      for (const [name, call] of Object.entries(calls)) {
        if (opened.includes(name)) assert.equal((await call(calendar)).status, 200, `${scope} ${name}`);
        else await refused(call(calendar), 403, "insufficientPermissions");
      }
    }
  });

  test("calendar.events.freebusy shows times only", async () => {
    const calendar = await calendarFor(ANA, [`${AUTH}calendar.events.freebusy`]);
    const { data } = await calendar.events.list({ calendarId: "primary", maxResults: 5 });
    assert.ok(data.items.length > 0);
    for (const event of data.items) {
      assert.equal(event.summary, undefined);
      assert.ok(event.start);
    }
  });

  test("calendar.app.created works on calendars this app made", async () => {
    const calendar = await calendarFor(ANA, [`${AUTH}calendar.app.created`]);
    const { data: made } = await calendar.calendars.insert({ requestBody: { summary: "Scheduler" } });
    await calendar.events.insert({ calendarId: made.id, requestBody: meeting() });
    await refused(calendar.events.list({ calendarId: "primary" }), 403, "insufficientPermissions");
  });
});
