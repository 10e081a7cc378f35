// Every spec runs with and without JavaScript; `*.hydrate.spec.ts` only with it. One fresh demo serves them all.
import { defineConfig } from "@playwright/test";

const port = process.env.CONVENE_PORT ?? "3100";
const sandboxPort = process.env.SANDBOX_PORT ?? "3950";
const ats = { port: process.env.CONVENE_ATS_PORT ?? "3110", sandbox: process.env.SANDBOX_ATS_PORT ?? "3970" };
const binary = process.env.CONVENE_BINARY ?? "target/release/convene";

export default defineConfig({
  testDir: ".",
  outputDir: "../test-results",
  // The specs share one demo and its sandbox.
  workers: 1,
  retries: 0,
  forbidOnly: true,
  // Generous: a slow machine is not a failure, a wrong page is.
  timeout: 150_000,
  expect: { timeout: 20_000 },
  reporter: "list",
  use: {
    baseURL: `http://127.0.0.1:${port}`,
    trace: "retain-on-failure",
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
    },
  },
  projects: [
    { name: "javascript-on" },
    { name: "javascript-off", use: { javaScriptEnabled: false }, testIgnore: /\.hydrate\.spec\.ts$/ },
  ],
  webServer: [
    demo(port, sandboxPort, {}),
    // The same with an applicant-tracking system.
    demo(ats.port, ats.sandbox, { ATS_MODE: "icims" }),
  ],
});

function demo(port: string, sandboxPort: string, env: Record<string, string>) {
  return {
    command: `exec "${binary}" demo --port ${port} --sandbox-port ${sandboxPort}`,
    cwd: "..",
    env: { ...env, TRUSTED_PROXIES: "127.0.0.1" },
    url: `http://127.0.0.1:${port}/readyz`,
    timeout: 60_000,
    reuseExistingServer: false,
    gracefulShutdown: { signal: "SIGTERM" as const, timeout: 25_000 },
    stderr: "pipe" as const,
  };
}
