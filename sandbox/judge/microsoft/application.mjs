// Whole-organisation access: an administrator's consent, client credentials by Microsoft's own library, and Graph without a person.

import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { ConfidentialClientApplication } from "@azure/msal-node";
import { readForm, walkSignIn } from "../start.mjs";
import {
  BEN, CHLOE, GRAPH, HTTPS, MIA, PERSONAL_TENANT, RAJ, assertAadsts, assertEvent, at, box, enc, graphAs, graphWith, refused,
  tokenRequest, when,
} from "./tools.mjs";

const NORA = "nora.weiss@example.org";
const SCOPE = `${GRAPH}.default`;
const BACK = "http://127.0.0.1:3000/settings/organisation/microsoft";
const window = `startDateTime=${at(0, "00:00:00")}Z&endDateTime=${at(14, "00:00:00")}Z`;

let accounts, tenant;
beforeEach(async () => {
  await box.reset();
  ({ accounts } = await box.control("GET", "accounts"));
  tenant = accounts.find(({ email }) => email === RAJ).tenant;
});

const consent = (permissions) => box.control("POST", "microsoft/consent", { tenant, permissions });
const consents = async () => (await box.control("GET", "microsoft/consent")).consents;

/** Microsoft's library as our application in this tenant. */
function application(name = tenant, secret = box.client.secret) {
  const authority = `${HTTPS}/${name}`;
  return new ConfidentialClientApplication({
    auth: { clientId: box.client.id, clientSecret: secret, authority, knownAuthorities: [new URL(HTTPS).host] },
  });
}

const acquire = (app) => app.acquireTokenByClientCredential({ scopes: [SCOPE], skipCache: true });
const graph = async () => graphWith((await acquire(application())).accessToken);
const ask = (schedules, extra = {}) => ({ schedules, startTime: when(at(0, "00:00:00")), endTime: when(at(14, "00:00:00")), ...extra });
const claimsOf = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url"));

describe("Microsoft: an administrator's consent", () => {
  const address = (name = tenant, extra = {}) => {
    const url = new URL(`${box.microsoft}/${name}/v2.0/adminconsent`);
    const fields = { client_id: box.client.id, redirect_uri: BACK, scope: SCOPE, state: "s t+1", ...extra };
    for (const [field, value] of Object.entries(fields)) if (value !== undefined) url.searchParams.set(field, value);
    return url;
  };

  test("an administrator allows it, and the answer names the tenant", async () => {
    for (const name of ["organizations", tenant, "example.org"]) {
      await box.control("DELETE", "microsoft/consent");
      const back = await walkSignIn(address(name), NORA);
      assert.equal(back.origin + back.pathname, BACK);
      assert.deepEqual(Object.fromEntries(back.searchParams), { admin_consent: "True", tenant, state: "s t+1", scope: SCOPE });
      assert.deepEqual(await consents(), [{ tenant, permissions: ["Calendars.Read", "Calendars.ReadBasic.All"] }]);
    }
  });

  test("an administrator denies it", async () => {
    const back = await walkSignIn(address(), NORA, { deny: true });
    assert.equal(back.searchParams.get("error"), "access_denied");
    assert.match(back.searchParams.get("error_description"), /^AADSTS65004: /);
    assert.equal(back.searchParams.get("state"), "s t+1");
    assert.equal(back.searchParams.get("admin_consent"), null);
    assert.deepEqual(await consents(), []);
  });

  test("nobody else can, whatever is posted", async () => {
    await assert.rejects(walkSignIn(address(), CHLOE), /403.*AADSTS90093/s);
    const form = readForm(await (await fetch(address("organizations"))).text());
    const offered = form.buttons.map(({ value }) => value);
    assert.deepEqual(offered.sort(), [CHLOE, NORA, RAJ].sort());
    const request = form.inputs.find(({ name }) => name === "request").value;
    const post = (fields) => fetch(box.microsoft + form.action, { method: "POST", body: new URLSearchParams({ request, ...fields }), redirect: "manual" });
    assert.equal((await post({ account: RAJ, decision: "allow" })).status, 403);
    for (const account of [MIA, BEN, "nobody@example.org", ""]) assert.equal((await post({ account, decision: "allow" })).status, 200, "the list again");
    assert.deepEqual(await consents(), []);
    assert.equal((await post({ account: NORA, decision: "allow" })).status, 302);
    assert.equal((await post({ account: NORA, decision: "allow" })).status, 400, "it is answered once");
  });

  test("a request that does not fit goes nowhere", async () => {
    const status = async (...given) => (await fetch(address(...given), { redirect: "manual" })).status;
    for (const name of ["common", "consumers", PERSONAL_TENANT, "example.com", "nonsense"]) assert.equal(await status(name), 400, name);
    const wrong = [
      { client_id: undefined }, { client_id: "x" }, { redirect_uri: undefined }, { redirect_uri: "https://example.com/" },
      { scope: undefined }, { scope: `${GRAPH}Mail.Bogus` }, { scope: `${SCOPE} openid` },
    ];
    for (const extra of wrong) assert.equal(await status(tenant, extra), 400, JSON.stringify(extra));
    const back = await walkSignIn(address(tenant, { state: undefined }), NORA);
    assert.equal(back.searchParams.get("state"), null);
  });

  test("named scopes are delegated ones: nobody there is asked again, and the application itself gets nothing", async () => {
    await walkSignIn(address(tenant, { scope: `${GRAPH}Calendars.Read` }), NORA);
    assert.deepEqual(await consents(), [{ tenant, permissions: [] }]);
    const { accessToken } = await acquire(application());
    assert.equal("roles" in claimsOf(accessToken), false);
    await refused(graphWith(accessToken).api(`/users/${RAJ}/calendarView?${window}`).get(), 403, "ErrorAccessDenied");
  });
});

describe("Microsoft: client credentials", () => {
  test("Microsoft's library gets a token without a person, by id and by domain", async () => {
    await consent();
    for (const name of [tenant, "example.org"]) {
      const answer = await acquire(application(name));
      assert.equal(answer.tokenType, "Bearer");
      assert.ok(answer.expiresOn > new Date(Date.now() + 3_500_000));
      const claims = claimsOf(answer.accessToken);
      assert.deepEqual(claims.roles, ["Calendars.Read", "Calendars.ReadBasic.All"]);
      assert.deepEqual([claims.scp, claims.idtyp, claims.tid, claims.appid], [undefined, "app", tenant, box.client.id]);
      assert.equal(claims.aud, "https://graph.microsoft.com");
    }
    const { answer } = (await box.requests("?provider=microsoft")).findLast(({ path }) => path.endsWith("/token"));
    assert.deepEqual(Object.keys(answer).sort(), ["access_token", "expires_in", "ext_expires_in", "token_type"]);
  });

  test("the secret may come by the form or by HTTP Basic", async () => {
    await consent();
    const fields = { grant_type: "client_credentials", scope: SCOPE };
    assert.equal((await tokenRequest(tenant, fields)).status, 200);
    const basic = Buffer.from(`${box.client.id}:${box.client.secret}`).toString("base64");
    const url = `${box.microsoft}/${tenant}/oauth2/v2.0/token`;
    const response = await fetch(url, { method: "POST", headers: { authorization: `Basic ${basic}` }, body: new URLSearchParams(fields) });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("cache-control").includes("no-store"), true);
  });

  test("without consent, or after it was withdrawn, there is none", async () => {
    const fields = { grant_type: "client_credentials", scope: SCOPE };
    assertAadsts(await tokenRequest(tenant, fields), 401, "invalid_client", 7000229);
    await assert.rejects(acquire(application()), ({ errorCode, errorMessage }) => errorCode === "invalid_client" && /AADSTS7000229/.test(errorMessage));
    await consent();
    const { accessToken } = await acquire(application());
    await box.control("DELETE", `microsoft/consent?tenant=${tenant}`);
    assertAadsts(await tokenRequest(tenant, fields), 401, "invalid_client", 7000229);
    const view = graphWith(accessToken).api(`/users/${RAJ}/calendarView?${window}`).get();
    assert.ok((await view).value.length, "what was given out lives until it expires");
  });

  test("only one concrete tenant will do, with the right secret and scope", async () => {
    await consent();
    const fields = { grant_type: "client_credentials", scope: SCOPE };
    for (const name of ["common", "organizations", "consumers", PERSONAL_TENANT]) {
      assertAadsts(await tokenRequest(name, fields), 401, "invalid_client", 7000229);
    }
    for (const name of ["example.com", "5b7c0a0e-0000-4000-8000-000000000000"]) {
      assertAadsts(await tokenRequest(name, fields), 400, "invalid_request", 90002);
    }
    assertAadsts(await tokenRequest(tenant, { ...fields, client_secret: "wrong" }), 401, "invalid_client", 7000215);
    assertAadsts(await tokenRequest(tenant, { ...fields, client_secret: undefined }), 401, "invalid_client", 7000218);
    assertAadsts(await tokenRequest(tenant, { ...fields, client_id: "other" }), 400, "unauthorized_client", 700016);
    assertAadsts(await tokenRequest(tenant, { ...fields, scope: undefined }), 400, "invalid_request", 900144);
    for (const scope of [`${GRAPH}Calendars.Read`, "Calendars.Read", `${SCOPE} offline_access`, ".default"]) {
      assertAadsts(await tokenRequest(tenant, { ...fields, scope }), 400, "invalid_scope", 1002012);
    }
  });
});

describe("Microsoft Graph without a person", () => {
  beforeEach(() => consent());

  test("free/busy of colleagues through one of their mailboxes", async () => {
    const { value } = await (await graph()).api(`/users/${CHLOE}/calendar/getSchedule`).post(ask([RAJ, NORA, MIA, BEN, "nobody@example.org"]));
    const { value: own } = await (await graphAs(CHLOE)).api("/me/calendar/getSchedule").post(ask([RAJ, NORA]));
    assert.deepEqual(value.slice(0, 2), own);
    assert.ok(value[0].scheduleItems.length && value[1].scheduleItems.length);
    for (const entry of value.slice(2)) {
      assert.equal(entry.error.responseCode, "ErrorMailRecipientNotFound", entry.scheduleId);
      assert.equal(entry.availabilityView, undefined);
    }
  });

  test("at most twenty in one question", async () => {
    const some = (count) => Array.from({ length: count }, (_, n) => `p${n}@example.org`);
    const post = async (count) => (await graph()).api(`/users/${enc(RAJ)}/calendar/getSchedule`).post(ask(some(count)));
    assert.equal((await post(20)).value.length, 20);
    await refused(post(21), 400, "ErrorMailboxDataArrayTooBig");
  });

  test("calendars and views, by address and by id, page by page", async () => {
    const client = await graph();
    const oid = accounts.find(({ email }) => email === RAJ).subject;
    const { value: calendars } = await client.api(`/users/${oid}/calendars`).get();
    assert.ok(calendars.some(({ isDefaultCalendar }) => isDefaultCalendar));
    const path = `/users/${RAJ}/calendars/${enc(calendars[0].id)}`;
    assert.equal((await client.api(path).get()).id, calendars[0].id);
    const all = [];
    let page = await client.api(`${path}/calendarView?${window}&$top=5`).header("Prefer", 'outlook.timezone="Asia/Kolkata"').get();
    for (;;) {
      all.push(...page.value);
      if (!page["@odata.nextLink"]) break;
      page = await client.api(page["@odata.nextLink"]).header("Prefer", 'outlook.timezone="Asia/Kolkata"').get();
    }
    assert.ok(all.length > 5);
    for (const event of all) assertEvent(event);
    const own = await (await graphAs(RAJ)).api(`/me/calendarView?${window}&$top=1000`).get();
    assert.deepEqual(all.map(({ id }) => id), own.value.map(({ id }) => id));
    for (const view of [`/users/${RAJ}/calendarView`, `/users/${oid}/calendar/calendarView`]) {
      assert.equal((await client.api(`${view}?${window}&$top=1000`).get()).value.length, all.length);
    }
    assert.equal((await client.api(`/users/${RAJ}/calendar`).get()).id, calendars[0].id);
  });

  test("nobody but the tenant's people, and no calendar of somebody else's", async () => {
    const client = await graph();
    for (const stranger of [MIA, BEN, "nobody@example.org", "00000000-0000-4000-8000-000000000000", "x"]) {
      await refused(client.api(`/users/${stranger}/calendarView?${window}`).get(), 404, "ErrorInvalidUser");
      await refused(client.api(`/users/${stranger}/calendar/getSchedule`).post(ask([RAJ])), 404, "ErrorInvalidUser");
    }
    const { value } = await client.api(`/users/${RAJ}/calendars`).get();
    await refused(client.api(`/users/${CHLOE}/calendars/${enc(value[0].id)}/calendarView?${window}`).get(), 404, "ErrorItemNotFound");
  });

  test("/me is for people", async () => {
    const client = await graph();
    for (const path of ["/me", "/me/calendars", `/me/calendarView?${window}`, "/me/events"]) {
      const { message } = await refused(client.api(path).get(), 400, "BadRequest");
      assert.equal(message, "/me request is only valid with delegated authentication flow.");
    }
    await refused(client.api("/me/calendar/getSchedule").post(ask([RAJ])), 400, "BadRequest");
    await refused(client.api(`/users/${RAJ}/messages`).get(), 400, "BadRequest");
    await refused(client.api("/groups").get(), 400, "BadRequest");
  });

  test("each permission opens what it should", async () => {
    await consent(["Calendars.ReadBasic.All"]);
    const basic = await graph();
    assert.ok((await basic.api(`/users/${RAJ}/calendar/getSchedule`).post(ask([CHLOE]))).value[0].availabilityView);
    assert.ok((await basic.api(`/users/${RAJ}/calendars`).get()).value.length);
    await refused(basic.api(`/users/${RAJ}/calendarView?${window}`).get(), 403, "ErrorAccessDenied");
    await consent([]);
    const none = await graph();
    await refused(none.api(`/users/${RAJ}/calendar/getSchedule`).post(ask([CHLOE])), 403, "ErrorAccessDenied");
    await refused(none.api(`/users/${RAJ}/calendars`).get(), 403, "ErrorAccessDenied");
  });

  test("an access policy shuts mailboxes out, of the path and of the question", async () => {
    const client = await graph();
    await box.control("POST", "microsoft/access-policy", { shut_out: [NORA.toUpperCase()] });
    const { message } = await refused(client.api(`/users/${NORA}/calendarView?${window}`).get(), 403, "ErrorAccessDenied");
    assert.match(message, /AppOnly AccessPolicy/);
    await refused(client.api(`/users/${NORA}/calendar/getSchedule`).post(ask([RAJ])), 403, "ErrorAccessDenied");
    const { value } = await client.api(`/users/${RAJ}/calendar/getSchedule`).post(ask([CHLOE, NORA]));
    assert.equal(value[0].error, undefined);
    assert.equal(value[1].error.responseCode, "ErrorAccessDenied");
    assert.equal(value[1].availabilityView, undefined);
    const person = await (await graphAs(NORA)).api(`/me/calendarView?${window}`).get();
    assert.ok(person.value.length, "it is about applications, not about people");
    await box.control("POST", "microsoft/access-policy", { shut_out: [] });
    assert.ok((await client.api(`/users/${NORA}/calendarView?${window}`).get()).value.length);
  });

  test("a batch holds several mailboxes, each with its own answer", async () => {
    const client = await graph();
    const view = (name) => ({ id: name, method: "GET", url: `/users/${name}/calendarView?${window}` });
    const requests = [view(RAJ), view(MIA), { id: "me", method: "GET", url: "/me/calendars" }];
    await box.fault({ provider: "microsoft", kind: "status", status: 503, times: 1, account: CHLOE });
    const { responses } = await client.api("/$batch").post({ requests: [...requests, view(CHLOE)] });
    const by = Object.fromEntries(responses.map(({ id, status }) => [id, status]));
    assert.deepEqual(by, { [RAJ]: 200, [MIA]: 404, me: 400, [CHLOE]: 503 });
    assert.equal((await fetch(`${HTTPS}/v1.0/$batch`, { method: "POST", body: JSON.stringify({ requests }) })).status, 401);
  });

  test("the registry and the switches know whose mailbox it is", async () => {
    const client = await graph();
    await box.fault({ provider: "microsoft", kind: "status", status: 403, times: 1, account: RAJ });
    assert.ok((await client.api(`/users/${CHLOE}/calendars`).get()).value.length);
    await refused(client.api(`/users/${RAJ}/calendars`).get(), 403, "ErrorAccessDenied");
    await (await graphAs(RAJ)).api("/me/calendars").get();
    const seen = (await box.requests("?provider=microsoft")).filter(({ path }) => path.endsWith("/calendars"));
    assert.deepEqual(seen.map(({ account, application }) => [account, application]), [
      [CHLOE, box.client.id], [RAJ, box.client.id], [RAJ, null],
    ]);
  });

  test("its token ends with the hour, or at once", async () => {
    const path = `/users/${RAJ}/calendars`;
    const early = await graph();
    await box.advance(3600);
    await refused(early.api(path).get(), 401, "InvalidAuthenticationToken");
    const late = await graph();
    assert.ok((await late.api(path).get()).value.length);
    const { tokens } = await box.fault({ provider: "microsoft", kind: "expire_tokens" });
    assert.equal(tokens, 2);
    await refused(late.api(path).get(), 401, "InvalidAuthenticationToken");
  });

  test("a person finds the own mailbox below /users too, and nobody else's", async () => {
    const raj = await graphAs(RAJ);
    assert.ok((await raj.api(`/users/${RAJ}/calendars`).get()).value.length);
    await refused(raj.api(`/users/${CHLOE}/calendars`).get(), 403, "ErrorAccessDenied");
  });

  test("the control API says what it does not know", async () => {
    await assert.rejects(box.control("POST", "microsoft/consent", { permissions: ["Mail.Read"] }), /Mail\.Read is none of the permissions/);
    await assert.rejects(box.control("POST", "microsoft/consent", { tenant: PERSONAL_TENANT }), /404 There is no work tenant/);
    await assert.rejects(box.control("DELETE", "microsoft/consent?tenant=nonsense"), /404/);
    await assert.rejects(box.control("POST", "microsoft/access-policy", { shut_out: [BEN] }), /There is no Microsoft account/);
  });
});
