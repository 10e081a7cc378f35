// What Google's judges share: clients of the vendor's libraries pointed at the sandbox, and how a refusal is read.

import assert from "node:assert/strict";
import { calendar as calendarApi } from "@googleapis/calendar";
import { OAuth2Client } from "google-auth-library";

export const ANA = "ana.alvarez@example.com";
export const BEN = "ben.okafor@example.com";
export const TOM = "tom.baker@example.com";
export const RAJ = "raj.patel@example.org";
export const AUTH = "https://www.googleapis.com/auth/";
export const REDIRECT = "http://127.0.0.1:3000/auth/google/callback";

/** The functions below, for one running sandbox. */
export function clients(box) {
  /** An OAuth client of the demo application. */
  function oauthClient(secret = box.client.secret, redirectUri = REDIRECT) {
    return new OAuth2Client({
      clientId: box.client.id,
      clientSecret: secret,
      redirectUri,
      issuers: [box.google],
      endpoints: {
        oauth2AuthBaseUrl: `${box.google}/o/oauth2/v2/auth`,
        oauth2TokenUrl: `${box.google}/token`,
        oauth2RevokeUrl: `${box.google}/revoke`,
        tokenInfoUrl: `${box.google}/tokeninfo`,
        oauth2FederatedSignonJwkCertsUrl: `${box.google}/oauth2/v3/certs`,
        oauth2FederatedSignonPemCertsUrl: `${box.google}/oauth2/v1/certs`,
      },
    });
  }

  /** A Calendar client for somebody with these scopes, without a browser. */
  async function calendarFor(account, scopes = [`${AUTH}calendar`]) {
    const auth = oauthClient();
    auth.setCredentials(await box.token("google", account, scopes));
    return api(auth);
  }

  function api(auth) {
    // The libraries retry 5xx on reads by themselves; a judge wants to see the first answer.
    return calendarApi({ version: "v3", auth, rootUrl: `${box.google}/`, retryConfig: { retry: 0 }, retry: false });
  }

  return { oauthClient, calendarFor, api };
}

/** Fails unless the call is refused with this status and reason; returns the error. */
export async function refused(promise, status, reason) {
  const error = await promise.then(
    (answer) => assert.fail(`expected ${status} ${reason}, was answered ${JSON.stringify(answer.data)}`),
    (error) => error,
  );
  assert.equal(error.response?.status, status, `${error.message}`);
  const body = error.response.data;
  if (typeof body.error === "object") {
    assert.equal(body.error.code, status);
    assert.equal(body.error.errors[0].reason, reason);
    assert.equal(typeof body.error.errors[0].domain, "string");
    assert.equal(typeof body.error.message, "string");
  } else {
    assert.equal(body.error, reason);
  }
  return error;
}

/** Midnight UTC of the next Monday. */
export const nextMonday = () => {
  const day = new Date();
  day.setUTCHours(0, 0, 0, 0);
  day.setUTCDate(day.getUTCDate() + ((8 - day.getUTCDay()) % 7 || 7));
  return day;
};
/** So many hours after (or before) a moment, RFC 3339. */
export const hours = (day, n) => new Date(day.getTime() + n * 3_600_000).toISOString();
/** Without milliseconds, as Google writes event times in UTC. */
export const seconds = (text) => text.replace(/\.000Z$/, "Z");

/** A meeting on a Sunday night, when nobody's seeded calendar is busy. */
export const meeting = (extra = {}) => ({
  summary: "Interview: Backend engineer",
  start: { dateTime: hours(nextMonday(), -20), timeZone: "America/New_York" },
  end: { dateTime: hours(nextMonday(), -19), timeZone: "America/New_York" },
  ...extra,
});
