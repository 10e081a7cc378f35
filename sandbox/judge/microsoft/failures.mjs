// What goes wrong by switch, and how the SDK lives with it: throttling, outages, lost answers.

import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { CHLOE, RAJ, box, draft, enc, graphAs, plainAs, refused } from "./tools.mjs";

beforeEach(() => box.reset());

const switchOn = (fault) => box.fault({ provider: "microsoft", ...fault });

describe("Microsoft Graph: failures", () => {
  test("the SDK waits as told and tries again", async () => {
    for (const status of [429, 503, 504]) {
      await switchOn({ kind: "status", status, retry_after: 1, times: 1 });
      assert.equal((await (await graphAs(CHLOE)).api("/me").get()).mail, CHLOE);
    }
    const seen = (await box.requests("?provider=microsoft")).filter((request) => request.path === "/v1.0/me");
    assert.deepEqual(seen.map((request) => request.status), [429, 200, 503, 200, 504, 200]);
    assert.equal(seen[1].headers["retry-attempt"], "1");
  });

  test("every error of Graph can be switched on, in Graph's shape", async () => {
    const entries = [
      ["token.expired", 401, "InvalidAuthenticationToken"], ["token.claimsChallenge", 401, "InvalidAuthenticationToken"],
      ["accessDenied", 403, "ErrorAccessDenied"], ["notFound", 404, "ErrorItemNotFound"],
      ["mailboxMissing", 404, "MailboxNotEnabledForRESTAPI"], ["invalidId", 400, "ErrorInvalidIdMalformed"],
      ["invalidRequest", 400, "ErrorInvalidRequest"], ["notOrganizer", 400, "ErrorInvalidRequest"],
      ["occurrenceCrossing", 400, "ErrorOccurrenceCrossingBoundary"], ["etag.conflict", 412, "ErrorIrresolvableConflict"],
    ];
    const client = await graphAs(CHLOE);
    for (const [kind, status, code] of entries) {
      await switchOn({ kind, times: 1 });
      const error = await refused(client.api("/me").get(), status, code);
      if (kind === "token.claimsChallenge") {
        const claims = error.headers.get("www-authenticate").match(/claims="([^"]+)"/)[1];
        assert.ok(JSON.parse(Buffer.from(claims, "base64")).access_token);
      }
    }
    // The SDK retries these by itself and waits as long as they say; so they are looked at without it.
    const plain = await plainAs(CHLOE);
    for (const [kind, status, code, wait] of [
      ["throttled", 429, "ApplicationThrottled", "10"], ["throttled.generic", 429, "TooManyRequests", "30"],
      ["unavailable", 503, "serviceNotAvailable", "120"], ["timeout", 504, "UnknownError", null],
    ]) {
      await switchOn({ kind, times: 1 });
      const answer = await plain("GET", "/me");
      assert.deepEqual([answer.status, answer.body.error.code, answer.headers.get("retry-after")], [status, code, wait]);
    }
    await switchOn({ kind: "status", status: 500, times: 1 });
    await refused(client.api("/me").get(), 500, "generalException");
  });

  test("a fault can be for one person", async () => {
    await switchOn({ kind: "accessDenied", match: { account: RAJ } });
    await refused((await graphAs(RAJ)).api("/me").get(), 403, "ErrorAccessDenied");
    assert.equal((await (await graphAs(CHLOE)).api("/me").get()).mail, CHLOE);
  });

  test("a lost answer leaves one event behind, however often it is tried", async () => {
    const client = await graphAs(CHLOE);
    const body = draft({ subject: "Lost answer", transactionId: "lost-1" });
    await switchOn({ kind: "drop_after_write", times: 1 });
    await assert.rejects(client.api("/me/events").post(body));
    const again = await client.api("/me/events").post(body);
    const stored = (await box.events(CHLOE)).filter((event) => event.summary === "Lost answer");
    assert.equal(stored.length, 1);
    assert.equal((await client.api(`/me/events/${enc(again.id)}`).get()).subject, "Lost answer");
    await switchOn({ kind: "drop_before_write", times: 1 });
    await assert.rejects(client.api("/me/events").post(draft({ subject: "Never there" })));
    assert.ok((await box.events(CHLOE)).every((event) => event.summary !== "Never there"));
  });

  test("a fifth request at once for one mailbox is told to wait", async () => {
    // Long enough that all six are under way together on a busy machine too.
    await switchOn({ kind: "latency", ms: 2000 });
    const [chloe, raj] = [await plainAs(CHLOE), await plainAs(RAJ)];
    const answers = await Promise.all(Array.from({ length: 6 }, () => chloe("GET", "/me")).concat(raj("GET", "/me")));
    const other = answers.pop();
    assert.equal(other.status, 200, "another mailbox has its own four");
    assert.deepEqual(answers.map((answer) => answer.status).sort(), [200, 200, 200, 200, 429, 429]);
    const refusal = answers.find((answer) => answer.status === 429);
    assert.equal(refusal.body.error.code, "ApplicationThrottled");
    assert.match(refusal.body.error.message, /MailboxConcurrency/);
    assert.equal(refusal.headers.get("retry-after"), "1");
    await box.control("DELETE", "faults");
    assert.equal((await chloe("GET", "/me")).status, 200, "the seats are free again");
  });

  test("what was asked is written down, without tokens", async () => {
    await (await graphAs(CHLOE)).api("/me/events").post(draft({ subject: "Recorded" }));
    const [request] = (await box.requests("?provider=microsoft")).filter((one) => one.method === "POST");
    assert.deepEqual([request.path, request.account, request.body.subject, request.status], ["/v1.0/me/events", CHLOE, "Recorded", 201]);
    assert.ok(!("authorization" in request.headers));
    assert.ok(request.headers["client-request-id"]);
  });
});
