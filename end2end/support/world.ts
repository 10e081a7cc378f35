// The world around the specs: who plays, the sandbox's control API, and a watch over what browsers complain about.
import { createHash } from "node:crypto";
import { test as base, expect, type APIRequestContext, type BrowserContext, type BrowserContextOptions, type Page } from "@playwright/test";

export const port = process.env.CONVENE_PORT ?? "3100";
export const convene = `http://127.0.0.1:${port}`;
export const sandbox = `http://127.0.0.1:${process.env.SANDBOX_PORT ?? "3950"}`;

/** Another demo, which writes notes to the sandbox's iCIMS. */
export const withAts = {
  convene: `http://127.0.0.1:${process.env.CONVENE_ATS_PORT ?? "3110"}`,
  sandbox: `http://127.0.0.1:${process.env.SANDBOX_ATS_PORT ?? "3970"}`,
};

export interface Coordinator {
  email: string;
  name: string;
  provider: "Google" | "Microsoft";
  zone: string;
}

export const ANA: Coordinator = {
  email: "ana.alvarez@example.com",
  name: "Ana Alvarez",
  provider: "Google",
  zone: "America/New_York",
};
export const CHLOE: Coordinator = {
  email: "chloe.dubois@example.org",
  name: "Chloé Dubois",
  provider: "Microsoft",
  zone: "Europe/Berlin",
};
/** Connected before anybody signs in. */
export const BEN = "ben.okafor@example.com";
/** Has no calendar here. */
export const TOM = "tom.baker@example.com";

/** Whoever accepts an invitation has an account from then on: each project of the specs has its own people. */
export interface Guest {
  email: string;
  provider: "Google" | "Microsoft";
}

/** One copy of an event in the sandbox. */
export interface SandboxEvent {
  id: string;
  owner: string;
  ical_uid: string;
  summary: string;
  start: string;
  end: string;
  status: string;
  attendees: { email: string; response: string }[];
}

export interface SandboxMail {
  from: string;
  to: string;
  subject: string;
  method: string;
  uid: string;
}

export class Sandbox {
  constructor(private readonly api: APIRequestContext, private readonly base = sandbox) {}

  private async ask(path: string): Promise<any> {
    const answer = await this.api.get(`${this.base}${path}`);
    expect(answer.ok(), `${path} answers`).toBe(true);
    return answer.json();
  }

  /** An account's copies of events that this address is invited to, cancelled ones too. */
  async invitations(account: string, guest: string): Promise<SandboxEvent[]> {
    const { events } = await this.ask(`/control/events?account=${encodeURIComponent(account)}`);
    return events.filter((event: SandboxEvent) => event.attendees.some((attendee) => attendee.email === guest));
  }

  async mailTo(address: string): Promise<SandboxMail[]> {
    const { mails } = await this.ask("/control/mail");
    return mails.filter((mail: SandboxMail) => mail.to === address);
  }

  async fault(fault: object): Promise<void> {
    const answer = await this.api.post(`${this.base}/control/faults`, { data: fault });
    expect(answer.ok(), await answer.text()).toBe(true);
  }

  /** As if this person had never been asked by Convene: what was granted is over, and consent is shown again. */
  async forgetConsent(who: Coordinator): Promise<void> {
    await this.fault({ provider: who.provider.toLowerCase(), kind: "revoke", account: who.email });
  }

  /** The number of the last request anybody made. */
  async lastRequest(): Promise<number> {
    const { requests } = await this.ask("/control/requests");
    return requests.at(-1)?.number ?? 0;
  }

  async requestsSince(number: number): Promise<{ method: string; path: string; status: number | null }[]> {
    return (await this.ask(`/control/requests?since=${number}`)).requests;
  }

  async mend(): Promise<void> {
    const answer = await this.api.delete(`${this.base}/control/faults`);
    expect(answer.ok()).toBe(true);
  }
}

/** What browsers complained about on Convene's own pages: policy violations, script errors, files that did not come. */
class Complaints {
  readonly list: string[] = [];

  watch(context: BrowserContext): void {
    context.on("page", (page) => this.watchPage(page));
    for (const page of context.pages()) this.watchPage(page);
  }

  private watchPage(page: Page): void {
    const ours = (url: string) => url.startsWith(convene) || url.startsWith(withAts.convene);
    page.on("pageerror", (error) => {
      // A page transition that an emulated phone's viewport interrupts; the page itself is there.
      if (error.message.startsWith("Transition was aborted")) return;
      if (ours(page.url())) this.list.push(`${page.url()}: ${error.message}`);
    });
    page.on("console", (message) => {
      const { url } = message.location();
      // Chromium reports each document with an error status, which specs ask for on purpose; other files are below.
      const aboutStatus = message.text().startsWith("Failed to load resource: the server responded with a status");
      // Playwright's own scripts, in the frame in which mails may run none.
      const aboutMail = message.text().includes("/html' because the document's frame is sandboxed");
      if (message.type() === "error" && ours(url || page.url()) && !aboutStatus && !aboutMail) {
        this.list.push(`${page.url()}: ${message.text()}`);
      }
    });
    page.on("response", (response) => {
      const file = response.request().resourceType() !== "document";
      if (ours(response.url()) && file && response.status() >= 400) {
        this.list.push(`${response.url()}: status ${response.status()}`);
      }
    });
  }
}

interface Fixtures {
  world: Sandbox;
  complaints: Complaints;
  /** Whether this project's browsers run scripts. */
  scripts: boolean;
  /** A browser of somebody else, who is in this zone. */
  visitor: (zone?: string, more?: BrowserContextOptions) => Promise<Page>;
}

export const test = base.extend<Fixtures>({
  // Each test is a visitor from an address of its own, so that none uses up what another may do in ten minutes.
  extraHTTPHeaders: async ({}, use, info) => {
    const [a, b, c] = createHash("sha256").update(info.testId).digest();
    await use({ "X-Forwarded-For": `10.${a}.${b}.${c}` });
  },
  world: async ({ request }, use) => {
    const world = new Sandbox(request);
    await use(world);
    await world.mend();
  },
  complaints: [
    async ({ context }, use) => {
      const complaints = new Complaints();
      complaints.watch(context);
      await use(complaints);
      expect(complaints.list, "nothing for the browser to complain about").toEqual([]);
    },
    { auto: true },
  ],
  scripts: async ({ javaScriptEnabled }, use) => use(javaScriptEnabled !== false),
  visitor: async ({ browser, complaints }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async (zone = "Europe/Berlin", more = {}) => {
      const context = await browser.newContext({ timezoneId: zone, ...more });
      contexts.push(context);
      complaints.watch(context);
      return context.newPage();
    });
    for (const context of contexts) await context.close();
  },
});

export { expect };
