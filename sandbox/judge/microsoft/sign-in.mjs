// The identity platform: discovery, the code flow, id tokens, refresh, and every refusal.

import assert from "node:assert/strict";
import { createPublicKey, verify } from "node:crypto";
import { beforeEach, describe, test } from "node:test";
import { walkSignIn } from "../start.mjs";
import {
  ALL, CHLOE, GRAPH, HTTPS, MIA, PERSONAL_TENANT, RAJ, REDIRECT, assertAadsts, authorization, box, graphWith, refused,
  signIn, tokenRequest,
} from "./tools.mjs";

const json = async (url, options) => (await fetch(url, options)).json();

/** Checks the signature against the published keys and returns the claims. */
async function claimsOf(idToken) {
  const [header, payload, signature] = idToken.split(".");
  const { kid, alg } = JSON.parse(Buffer.from(header, "base64url"));
  assert.equal(alg, "RS256");
  const { keys } = await json(`${box.microsoft}/common/discovery/v2.0/keys`);
  const key = keys.find((one) => one.kid === kid);
  assert.ok(key, "the key is published");
  const publicKey = createPublicKey({ key, format: "jwk" });
  assert.ok(verify("RSA-SHA256", Buffer.from(`${header}.${payload}`), publicKey, Buffer.from(signature, "base64url")));
  return JSON.parse(Buffer.from(payload, "base64url"));
}

describe("Microsoft: discovery", () => {
  test("the issuer is a template where any organisation may sign in", async () => {
    for (const tenant of ["common", "organizations"]) {
      const document = await json(`${box.microsoft}/${tenant}/v2.0/.well-known/openid-configuration`);
      assert.equal(document.issuer, `${box.microsoft}/{tenantid}/v2.0`);
      assert.equal(document.token_endpoint, `${box.microsoft}/${tenant}/oauth2/v2.0/token`);
      assert.equal(document.revocation_endpoint, undefined);
    }
    const personal = await json(`${HTTPS}/consumers/v2.0/.well-known/openid-configuration`);
    assert.equal(personal.issuer, `${HTTPS}/${PERSONAL_TENANT}/v2.0`, "over https the links are https");
  });

  test("a tenant nobody has is refused, and there is no way to revoke", async () => {
    const response = await fetch(`${box.microsoft}/5b7c0a0e-0000-4000-8000-000000000000/v2.0/.well-known/openid-configuration`);
    assert.equal(response.status, 400);
    assert.deepEqual((await response.json()).error_codes, [90002]);
    for (const path of ["/common/oauth2/v2.0/revoke", "/oauth2/v2.0/revoke", "/revoke"]) {
      assert.equal((await fetch(box.microsoft + path, { method: "POST" })).status, 404);
    }
  });

  test("signing out leads back to the application", async () => {
    const back = "http://127.0.0.1:3000/";
    const url = `${box.microsoft}/common/oauth2/v2.0/logout?post_logout_redirect_uri=${encodeURIComponent(back)}`;
    assert.equal((await fetch(url, { redirect: "manual" })).headers.get("location"), back);
    assert.equal((await fetch(`${box.microsoft}/common/oauth2/v2.0/logout`)).status, 200);
  });
});

describe("Microsoft: sign-in", () => {
  beforeEach(() => box.reset());

  test("a work account signs in and its id token is right", async () => {
    const { asked, back, answer } = await signIn(CHLOE);
    assert.equal(back.searchParams.get("state"), asked.state);
    assert.ok(back.searchParams.get("session_state"));
    assert.equal(answer.status, 200);
    const { body } = answer;
    assert.equal(body.token_type, "Bearer");
    assert.equal(body.expires_in, 3599);
    const scopes = body.scope.split(" ");
    assert.ok(scopes.includes(`${GRAPH}Calendars.ReadWrite`) && !scopes.includes("offline_access"));
    const claims = await claimsOf(body.id_token);
    const { tenant } = (await box.control("GET", "accounts")).accounts.find((account) => account.email === CHLOE);
    const now = Date.now() / 1000;
    assert.equal(claims.iss, `${box.microsoft}/${tenant}/v2.0`);
    assert.equal(claims.tid, tenant);
    assert.equal(claims.aud, box.client.id);
    assert.equal(claims.nonce, asked.nonce);
    assert.equal(claims.ver, "2.0");
    assert.equal(claims.email, CHLOE);
    assert.equal(claims.preferred_username, CHLOE);
    assert.equal(claims.name, "Chloe Dubois");
    assert.match(claims.oid, /^[0-9a-f]{8}-/);
    assert.ok(claims.nbf <= now && claims.exp > now);
    const info = await json(`${box.microsoft}/oidc/userinfo`, { headers: { authorization: `Bearer ${body.access_token}` } });
    assert.equal(info.sub, claims.sub);
    assert.equal(info.email, CHLOE);
    assert.equal((await graphWith(body.access_token).api("/me").get()).mail, CHLOE);
  });

  test("a personal account belongs to the personal tenant", async () => {
    const { answer } = await signIn(MIA, { tenant: "consumers" });
    const claims = await claimsOf(answer.body.id_token);
    assert.equal(claims.tid, PERSONAL_TENANT);
    assert.equal(claims.iss, `${box.microsoft}/${PERSONAL_TENANT}/v2.0`);
    assert.match(claims.oid, /^00000000-0000-0000-/);
    assert.equal(answer.body.access_token.split(".").length, 1, "a personal access token is no JWT");
  });

  test("each path offers the accounts it may", async () => {
    await assert.rejects(signIn(MIA, { tenant: "organizations" }), /no button/);
    await assert.rejects(signIn(CHLOE, { tenant: "consumers" }), /no button/);
    const { tenant } = (await box.control("GET", "accounts")).accounts.find((account) => account.email === RAJ);
    assert.equal((await signIn(RAJ, { tenant })).answer.status, 200);
  });

  test("claims follow the scopes", async () => {
    const { answer } = await signIn(RAJ, { scope: "openid User.Read" });
    const claims = await claimsOf(answer.body.id_token);
    assert.equal(claims.email, undefined);
    assert.equal(claims.oid, undefined);
    assert.equal(answer.body.refresh_token, undefined, "no offline_access, no refresh token");
    const silent = await signIn(RAJ, { scope: "User.Read" });
    assert.equal(silent.answer.body.id_token, undefined);
  });

  test("the answer travels by fragment and by form as well", async () => {
    const fragment = await signIn(CHLOE, { extra: { response_mode: "fragment" } });
    assert.ok(new URLSearchParams(fragment.back.hash.slice(1)).get("code"));
    const form = await signIn(CHLOE, { extra: { response_mode: "form_post" } });
    assert.equal(form.answer.status, 200);
  });

  test("a hint and a former consent lead straight back", async () => {
    await signIn(CHLOE);
    const { url } = authorization("common", ALL.join(" "), { login_hint: CHLOE });
    const response = await fetch(url, { redirect: "manual" });
    assert.equal(response.status, 302);
    const again = authorization("common", ALL.join(" "), { login_hint: CHLOE, prompt: "select_account" });
    assert.equal((await fetch(again.url, { redirect: "manual" })).status, 200);
  });

  test("unticked scopes are not granted", async () => {
    const { answer } = await signIn(CHLOE, { walk: { untick: (scope) => scope.endsWith("Calendars.ReadWrite") } });
    assert.ok(!answer.body.scope.includes("Calendars"));
    const client = graphWith(answer.body.access_token);
    assert.equal((await client.api("/me").get()).displayName, "Chloe Dubois");
    await refused(client.api("/me/calendars").get(), 403, "ErrorAccessDenied");
  });

  test("who declines comes back with a reason", async () => {
    const { asked, back } = await signIn(CHLOE, { walk: { deny: true } });
    assert.equal(back.searchParams.get("error"), "access_denied");
    assert.equal(back.searchParams.get("error_subcode"), "cancel");
    assert.match(back.searchParams.get("error_description"), /^AADSTS65004:/);
    assert.equal(back.searchParams.get("state"), asked.state);
  });

  test("a request that cannot be trusted stays on Microsoft's page", async () => {
    const status = async (tenant, extra) => {
      const response = await fetch(authorization(tenant, undefined, extra).url, { redirect: "manual" });
      return [response.status, (await response.text()).match(/AADSTS\d+/)?.[0]];
    };
    assert.deepEqual(await status("common", { redirect_uri: "https://example.com/cb" }), [400, "AADSTS50011"]);
    assert.deepEqual(await status("common", { client_id: "other" }), [400, "AADSTS700016"]);
    assert.deepEqual(await status("common", { client_id: undefined }), [400, "AADSTS900144"]);
    assert.deepEqual(await status("nowhere", {}), [400, "AADSTS90002"]);
  });

  test("other mistakes go back to the application", async () => {
    const error = async (extra, scope) => {
      const response = await fetch(authorization("common", scope, extra).url, { redirect: "manual" });
      const back = new URL(response.headers.get("location"));
      return [back.searchParams.get("error"), back.searchParams.get("error_description").split(":")[0]];
    };
    assert.deepEqual(await error({}, "openid Mail.Bogus"), ["invalid_scope", "AADSTS70011"]);
    assert.deepEqual(await error({ response_type: "token" }), ["unsupported_response_type", "AADSTS70005"]);
    assert.deepEqual(await error({ response_type: undefined }), ["invalid_request", "AADSTS900144"]);
    assert.deepEqual(await error({ prompt: "none" }), ["login_required", "AADSTS50058"]);
    assert.deepEqual(await error({ code_challenge_method: "plain" }), ["invalid_request", "AADSTS501491"]);
  });
});

describe("Microsoft: codes and tokens", () => {
  beforeEach(() => box.reset());

  /** A fresh code and what redeems it. */
  async function fresh(tenant = "common") {
    const asked = authorization(tenant);
    const back = await walkSignIn(asked.url, CHLOE);
    const code = back.searchParams.get("code");
    return { grant_type: "authorization_code", code, redirect_uri: REDIRECT, code_verifier: asked.verifier };
  }

  test("a code works once, for its tenant, its address and its verifier", async () => {
    const fields = await fresh();
    assertAadsts(await tokenRequest("common", { ...fields, code_verifier: "x".repeat(43) }), 400, "invalid_grant", 501481);
    assertAadsts(await tokenRequest("common", { ...fields, redirect_uri: `${REDIRECT}/x` }), 401, "invalid_client", 500112);
    assert.equal((await tokenRequest("common", fields)).status, 200);
    assertAadsts(await tokenRequest("common", fields), 400, "invalid_grant", 54005);
    assertAadsts(await tokenRequest("organizations", await fresh()), 400, "invalid_grant", 700005);
    assertAadsts(await tokenRequest("common", { ...fields, code: "nonsense" }), 400, "invalid_grant", 9002313);
    const late = await fresh();
    await box.advance(601);
    assertAadsts(await tokenRequest("common", late), 400, "invalid_grant", 70008);
  });

  test("a client must be known and say everything", async () => {
    const fields = await fresh();
    assertAadsts(await tokenRequest("common", { ...fields, client_secret: "wrong" }), 401, "invalid_client", 7000215);
    assertAadsts(await tokenRequest("common", { ...fields, client_secret: undefined }), 401, "invalid_client", 7000218);
    assertAadsts(await tokenRequest("common", { ...fields, client_id: "other" }), 400, "unauthorized_client", 700016);
    assertAadsts(await tokenRequest("common", { ...fields, grant_type: "password" }), 400, "unsupported_grant_type", 70003);
    for (const name of ["grant_type", "client_id", "code", "redirect_uri"]) {
      const refused = await tokenRequest("common", { ...fields, [name]: undefined });
      assertAadsts(refused, 400, "invalid_request", 900144);
      assert.ok(refused.body.error_description.includes(`'${name}'`));
    }
  });

  test("each refresh gives a new token and the old one lives on", async () => {
    const { body: first } = (await signIn(CHLOE)).answer;
    const refresh = (refresh_token, tenant = "common") => tokenRequest(tenant, { grant_type: "refresh_token", refresh_token });
    const second = await refresh(first.refresh_token);
    assert.equal(second.status, 200);
    assert.notEqual(second.body.refresh_token, first.refresh_token);
    assert.notEqual(second.body.access_token, first.access_token);
    assert.equal(second.body.scope, first.scope);
    assert.equal((await refresh(first.refresh_token)).status, 200, "the old one is not revoked by use");
    assert.equal((await refresh(second.body.refresh_token)).status, 200);
    assertAadsts(await refresh(first.refresh_token, "consumers"), 400, "invalid_grant", 50020);
    assertAadsts(await refresh("nonsense"), 400, "invalid_grant", 9002313);
  });

  test("tokens end: by time, by switch, by revocation", async () => {
    const { body } = (await signIn(CHLOE)).answer;
    const refresh = () => tokenRequest("common", { grant_type: "refresh_token", refresh_token: body.refresh_token });
    await box.advance(3600);
    const expired = await refused(graphWith(body.access_token).api("/me").get(), 401, "InvalidAuthenticationToken");
    assert.match(expired.headers.get("www-authenticate"), /^Bearer /);
    const { access_token } = (await refresh()).body;
    await box.fault({ provider: "microsoft", kind: "expire_tokens", account: CHLOE });
    await refused(graphWith(access_token).api("/me").get(), 401, "InvalidAuthenticationToken");
    await box.control("POST", "policy", { refresh_token_seconds: 60 });
    assertAadsts(await refresh(), 400, "invalid_grant", 700082);
    await box.control("POST", "policy", { refresh_token_seconds: null });
    await box.advance(90 * 86_400);
    assertAadsts(await refresh(), 400, "invalid_grant", 700082);
    const again = (await signIn(CHLOE)).answer.body;
    await box.fault({ provider: "microsoft", kind: "revoke", account: CHLOE });
    assertAadsts(
      await tokenRequest("common", { grant_type: "refresh_token", refresh_token: again.refresh_token }), 400, "invalid_grant", 50173,
    );
  });

  test("every refusal of the token endpoint can be switched on", async () => {
    const { body } = (await signIn(CHLOE)).answer;
    const refresh = () => tokenRequest("common", { grant_type: "refresh_token", refresh_token: body.refresh_token });
    const entries = [
      ["refresh.inactive", 400, "invalid_grant", 700082], ["refresh.revoked", 400, "invalid_grant", 50173],
      ["refresh.signInFrequency", 400, "invalid_grant", 70043], ["refresh.mfa", 400, "invalid_grant", 50076, "basic_action"],
      ["refresh.consentRemoved", 400, "invalid_grant", 65001, "consent_required"],
      ["refresh.userDisabled", 400, "invalid_grant", 50057], ["code.used", 400, "invalid_grant", 54005],
      ["code.pkce", 400, "invalid_grant", 501481], ["client.secretWrong", 401, "invalid_client", 7000215],
      ["client.secretExpired", 401, "invalid_client", 7000222], ["client.unknown", 400, "unauthorized_client", 700016],
      ["client.loop", 400, "invalid_grant", 50196], ["busy", 503, "temporarily_unavailable", 90033],
    ];
    for (const [kind, ...expected] of entries) {
      await box.fault({ provider: "microsoft", kind, times: 1 });
      assertAadsts(await refresh(), ...expected);
    }
    assert.equal((await refresh()).status, 200);
  });
});
