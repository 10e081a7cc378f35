// Holds recorded requests against the vendors' own descriptions, which are the type declarations in
// their npm packages: every body property, every value's type and every query parameter must be
// described there, and what an operation cannot do without must be present.
//
//   node tests/contract/check_requests.mjs RECORDED.json
//
// RECORDED.json is a list of {provider, method, path, query: [[name, value]], headers, body}. Prints a
// line per finding; exit code 1 if there is any, 2 if the input cannot be read.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const require = createRequire(join(root, "package.json"));
const ts = require("typescript");

/** The interfaces and type aliases of one declaration file, by name. */
class Declarations {
  constructor(...path) {
    const file = join(root, "node_modules", ...path);
    this.types = new Map();
    const visit = (node) => {
      if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) this.types.set(node.name.text, node);
      else if (ts.isSourceFile(node) || ts.isModuleDeclaration(node) || ts.isModuleBlock(node)) ts.forEachChild(node, visit);
    };
    visit(ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true));
  }

  /** All properties of an interface, those of the interfaces it extends included. */
  properties(name) {
    const node = this.types.get(name);
    if (!node || !ts.isInterfaceDeclaration(node)) throw new Error(`no interface ${name} in the vendor's package`);
    const inherited = (node.heritageClauses ?? [])
      .flatMap((clause) => clause.types.map((type) => type.expression.getText()))
      .filter((parent) => this.types.has(parent))
      .flatMap((parent) => [...this.properties(parent)]);
    const own = node.members.filter(ts.isPropertySignature).map((member) => [nameOf(member), member.type]);
    return new Map([...inherited, ...own]);
  }

  /** What is wrong with this value if it should be of this type; nothing if it fits. */
  misfits(value, type, at) {
    if (!type) return [];
    if (ts.isParenthesizedTypeNode(type)) return this.misfits(value, type.type, at);
    if (ts.isUnionTypeNode(type)) {
      const tries = type.types.map((one) => this.misfits(value, one, at));
      return tries.find((one) => one.length === 0) ?? best(tries);
    }
    if (ts.isArrayTypeNode(type)) {
      if (!Array.isArray(value)) return [`${at}: not a list`];
      return value.flatMap((entry, index) => this.misfits(entry, type.elementType, `${at}[${index}]`));
    }
    if (ts.isLiteralTypeNode(type)) {
      const literal = type.literal;
      const fits = literal.kind === ts.SyntaxKind.NullKeyword ? value === null : value === literal.text;
      return fits ? [] : [`${at}: ${JSON.stringify(value)} is not ${literal.getText()}`];
    }
    if (ts.isTypeLiteralNode(type)) {
      const index = type.members.find(ts.isIndexSignatureDeclaration);
      const known = new Map(type.members.filter(ts.isPropertySignature).map((one) => [nameOf(one), one.type]));
      return this.objectMisfits(value, (name) => known.get(name) ?? index?.type, at);
    }
    if (ts.isTypeReferenceNode(type)) return this.referenceMisfits(value, type, at);
    const primitive = {
      [ts.SyntaxKind.StringKeyword]: "string",
      [ts.SyntaxKind.NumberKeyword]: "number",
      [ts.SyntaxKind.BooleanKeyword]: "boolean",
    }[type.kind];
    if (primitive) return typeof value === primitive ? [] : [`${at}: ${JSON.stringify(value)} is no ${primitive}`];
    return type.kind === ts.SyntaxKind.AnyKeyword ? [] : [`${at}: cannot judge the type ${type.getText()}`];
  }

  referenceMisfits(value, type, at) {
    const name = type.typeName.getText();
    if (name === "NullableOption") return value === null ? [] : this.misfits(value, type.typeArguments[0], at);
    if (name === "Record") return this.objectMisfits(value, () => type.typeArguments[1], at);
    const declared = this.types.get(name);
    if (!declared) return [`${at}: the vendor's package does not declare ${name}`];
    if (ts.isTypeAliasDeclaration(declared)) return this.misfits(value, declared.type, at);
    const properties = this.properties(name);
    return this.objectMisfits(value, (property) => properties.get(property), at);
  }

  objectMisfits(value, typeOf, at) {
    if (value === null || typeof value !== "object" || Array.isArray(value)) return [`${at}: not an object`];
    return Object.entries(value).flatMap(([name, inner]) => {
      const type = typeOf(name);
      return type ? this.misfits(inner, type, `${at}.${name}`) : [`${at}.${name}: unknown property`];
    });
  }
}

function nameOf(member) {
  return member.name.text ?? member.name.getText();
}

function best(tries) {
  return tries.reduce((shortest, one) => (one.length < shortest.length ? one : shortest));
}

// Read when the first request of that provider comes: parsing takes most of the time.
let google, microsoft;

// What an operation needs is prose in both vendors' references; it is written down here.
const GOOGLE = [
  { method: "GET", path: /^\/users\/me\/calendarList$/, params: "Params$Resource$Calendarlist$List" },
  { method: "GET", path: /^\/users\/me\/calendarList\/[^/]+$/, params: "Params$Resource$Calendarlist$Get" },
  { method: "POST", path: /^\/calendars$/, params: "Params$Resource$Calendars$Insert", needs: ["summary"] },
  {
    method: "POST",
    path: /^\/freeBusy$/,
    params: "Params$Resource$Freebusy$Query",
    needs: ["timeMin", "timeMax", "items"],
  },
  // Without "fields" titles and guests would come along, which we have no use for.
  { method: "GET", path: /^\/calendars\/[^/]+\/events$/, params: "Params$Resource$Events$List", query: ["fields"] },
  {
    method: "POST",
    path: /^\/calendars\/[^/]+\/events\/watch$/,
    params: "Params$Resource$Events$Watch",
    needs: ["id", "type", "address", "token"],
  },
  { method: "POST", path: /^\/channels\/stop$/, params: "Params$Resource$Channels$Stop", needs: ["id", "resourceId"] },
  { method: "GET", path: /^\/calendars\/[^/]+\/events\/[^/]+$/, params: "Params$Resource$Events$Get" },
  {
    method: "POST",
    path: /^\/calendars\/[^/]+\/events$/,
    params: "Params$Resource$Events$Insert",
    // The id makes a repeat harmless; without the private property we would not know our own event.
    needs: ["start", "end", "id", "extendedProperties"],
    query: ["sendUpdates"],
  },
  {
    method: "PATCH",
    path: /^\/calendars\/[^/]+\/events\/[^/]+$/,
    params: "Params$Resource$Events$Patch",
    query: ["sendUpdates"],
    headers: ["if-match"],
  },
  {
    method: "DELETE",
    path: /^\/calendars\/[^/]+\/events\/[^/]+$/,
    params: "Params$Resource$Events$Delete",
    query: ["sendUpdates"],
  },
];

const EVENT_READ = ["$select", "$expand"];
const LIST = ["$select", "$expand", "$filter", "$orderby", "$top", "$skip", "$count", "$skiptoken"];
const MICROSOFT = [
  { method: "GET", path: /^\/me\/calendars$/, of: "Calendar", options: LIST },
  { method: "POST", path: /^\/me\/calendars$/, of: "Calendar", body: "Calendar", needs: ["name"] },
  { method: "GET", path: /^\/me\/calendar$/, of: "Calendar", options: EVENT_READ },
  { method: "GET", path: /^\/me\/calendars\/[^/]+$/, of: "Calendar", options: EVENT_READ },
  {
    method: "GET",
    path: /^\/me(\/calendars\/[^/]+|\/calendar)?\/calendarView$/,
    of: "Event",
    options: [...LIST, "startDateTime", "endDateTime"],
    query: ["startDateTime", "endDateTime"],
  },
  // Later rounds call the link of an answer as it is.
  {
    method: "GET",
    path: /^\/me(\/calendars\/[^/]+|\/calendar)?\/calendarView\/delta$/,
    of: "Event",
    options: ["startDateTime", "endDateTime", "$deltatoken", "$skiptoken"],
  },
  {
    method: "POST",
    path: /^\/subscriptions$/,
    of: "Subscription",
    body: "Subscription",
    needs: ["changeType", "resource", "notificationUrl", "lifecycleNotificationUrl", "expirationDateTime", "clientState"],
  },
  {
    method: "PATCH",
    path: /^\/subscriptions\/[^/]+$/,
    of: "Subscription",
    body: "Subscription",
    needs: ["expirationDateTime"],
  },
  { method: "DELETE", path: /^\/subscriptions\/[^/]+$/, of: "Subscription" },
  { method: "GET", path: /^\/me(\/calendars\/[^/]+|\/calendar)?\/events$/, of: "Event", options: LIST },
  { method: "GET", path: /^\/me\/events\/[^/]+$/, of: "Event", options: EVENT_READ },
  {
    method: "POST",
    path: /^\/me(\/calendars\/[^/]+|\/calendar)?\/events$/,
    of: "Event",
    body: "Event",
    needs: ["subject", "start", "end", "transactionId", "singleValueExtendedProperties"],
  },
  { method: "PATCH", path: /^\/me\/events\/[^/]+$/, of: "Event", body: "Event", headers: ["if-match"] },
  // Bodies of actions are not among the declared types; Graph's reference names one parameter.
  { method: "POST", path: /^\/me\/events\/[^/]+\/cancel$/, of: "Event", only: ["comment"] },
  { method: "DELETE", path: /^\/me\/events\/[^/]+$/, of: "Event" },
  // An application asks as somebody of the tenant; at most twenty addresses at a time.
  {
    method: "POST",
    path: /^\/users\/[^/]+\/calendar\/getSchedule$/,
    of: "ScheduleInformation",
    only: ["schedules", "startTime", "endTime", "availabilityViewInterval"],
    needs: ["schedules", "startTime", "endTime"],
  },
];

// Read-only by Graph's reference, though the types do not say so.
const NEVER_WRITTEN = ["id", "iCalUId", "changeKey", "organizer", "isOrganizer", "isCancelled", "webLink", "onlineMeeting"];

function checkGoogle(request) {
  google ??= new Declarations("@googleapis", "calendar", "build", "v3.d.ts");
  const path = request.path.replace(/^\/calendar\/v3/, "");
  const operation = GOOGLE.find((one) => one.method === request.method && one.path.test(path));
  if (!operation) return ["no such operation"];
  const params = google.properties(operation.params);
  const findings = checkParts(request, operation);
  for (const [name, value] of request.query) {
    const type = params.get(name);
    if (!type || name === "requestBody") findings.push(`query ${name}: unknown parameter`);
    // A parameter that may be repeated is a list, however often it comes.
    else if ([value, plain(value), [value]].every((one) => google.misfits(one, type, name).length)) {
      findings.push(`query ${name}: ${value} does not fit`);
    }
  }
  const bodyType = params.get("requestBody");
  if (request.body !== null && !bodyType) findings.push("a body where none belongs");
  if (request.body !== null && bodyType) findings.push(...google.misfits(request.body, bodyType, "body"));
  const asksForMeet = request.body?.conferenceData !== undefined;
  const version = request.query.find(([name]) => name === "conferenceDataVersion")?.[1];
  if (asksForMeet && version !== "1") findings.push("conferenceData is ignored without conferenceDataVersion=1");
  return findings;
}

function checkMicrosoft(request) {
  microsoft ??= new Declarations("@microsoft", "microsoft-graph-types", "microsoft-graph.d.ts");
  const path = request.path.replace(/^\/v1\.0/, "");
  if (request.method === "POST" && path === "/$batch") return checkBatch(request);
  const operation = MICROSOFT.find((one) => one.method === request.method && one.path.test(path));
  if (!operation) return ["no such operation"];
  const known = microsoft.properties(operation.of);
  const findings = checkParts(request, operation);
  for (const [name, value] of request.query) {
    if (!(operation.options ?? []).includes(name)) findings.push(`query ${name}: unknown option`);
    const named = { $select: value.split(","), $expand: [value.split("(")[0]], $filter: [value.split("/")[0]] }[name] ?? [];
    for (const property of named) if (!known.has(property)) findings.push(`query ${name}: no property ${property}`);
  }
  if (operation.body) {
    const properties = microsoft.properties(operation.body);
    findings.push(...microsoft.objectMisfits(request.body, (name) => properties.get(name), "body"));
    for (const name of NEVER_WRITTEN) if (name in (request.body ?? {})) findings.push(`body.${name}: read-only`);
    for (const end of ["start", "end"]) {
      const time = request.body?.[end]?.dateTime;
      if (time && !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?$/.test(time)) findings.push(`body.${end}: ${time} has an offset`);
    }
    if (request.method === "PATCH" && "transactionId" in request.body) findings.push("body.transactionId: cannot be changed");
  } else if (operation.only) {
    for (const name of Object.keys(request.body ?? {})) {
      if (!operation.only.includes(name)) findings.push(`body.${name}: unknown parameter`);
    }
  } else if (request.body !== null) findings.push("a body where none belongs");
  if (request.body?.schedules?.length > 20) findings.push(`body.schedules: ${request.body.schedules.length} addresses`);
  const prefer = request.headers.prefer ?? "";
  if (!/IdType="ImmutableId"/.test(prefer)) findings.push("without immutable ids");
  if (!/outlook\.timezone="UTC"/.test(prefer)) findings.push("answers in a zone we did not choose");
  if (request.method === "PATCH" && Object.keys(request.body ?? {}).length === 0) findings.push("an empty PATCH mails guests");
  return findings;
}

/** At most twenty requests, each as good as if it were sent alone. */
function checkBatch(request) {
  const parts = request.body?.requests ?? [];
  const findings = parts.length >= 1 && parts.length <= 20 ? [] : [`${parts.length} requests in a batch`];
  for (const { id, method, url, headers, body, ...rest } of parts) {
    if (!id || !url.startsWith("/")) findings.push("a request of a batch needs an id and a relative url");
    findings.push(...Object.keys(rest).map((name) => `batch.${name}: unknown`));
    const { pathname, searchParams } = new URL(url, "https://graph.example");
    const named = Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
    // The header that ties our log to theirs is the batch's.
    named["client-request-id"] = request.headers["client-request-id"];
    const inner = { method, path: decodeURIComponent(pathname), query: [...searchParams], headers: named, body: body ?? null };
    findings.push(...checkMicrosoft(inner).map((finding) => `${method} ${pathname}: ${finding}`));
  }
  return findings;
}

/** What has to be there, and the header that ties our log to theirs. */
function checkParts(request, operation) {
  const findings = [];
  const queried = new Set(request.query.map(([name]) => name));
  for (const name of operation.needs ?? []) {
    if (request.body?.[name] === undefined) findings.push(`body.${name}: missing`);
  }
  for (const name of operation.query ?? []) if (!queried.has(name)) findings.push(`query ${name}: missing`);
  for (const name of ["client-request-id", ...(operation.headers ?? [])]) {
    if (!request.headers[name]) findings.push(`header ${name}: missing`);
  }
  return findings;
}

/** A query value as the type behind its text. */
function plain(text) {
  if (text === "true" || text === "false") return text === "true";
  return text !== "" && !Number.isNaN(Number(text)) ? Number(text) : text;
}

let requests;
try {
  requests = JSON.parse(readFileSync(process.argv[2], "utf8"));
} catch (error) {
  console.error(`cannot read the recorded requests: ${error.message}`);
  process.exit(2);
}
let found = 0;
for (const request of requests) {
  const check = { google: checkGoogle, microsoft: checkMicrosoft }[request.provider];
  const findings = check ? check(request) : [`unknown provider ${request.provider}`];
  for (const finding of findings) console.log(`${request.provider} ${request.method} ${request.path}: ${finding}`);
  found += findings.length;
}
console.log(`${requests.length} requests, ${found} findings`);
process.exit(found === 0 ? 0 : 1);
