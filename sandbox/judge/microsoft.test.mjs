// The judge of Microsoft's stand-in. Microsoft's SDK sends tokens over https only, and node reads extra certificate
// authorities once, before any script runs. So this file starts the sandbox, saves its certificate, and starts node
// again for the cases in microsoft/; their results go straight to whoever runs this file.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startSandbox } from "./start.mjs";

const box = await startSandbox();
const folder = await mkdtemp(join(tmpdir(), "convene-sandbox-"));
try {
  const certificate = join(folder, "certificate.pem");
  await writeFile(certificate, await box.certificate());
  const cases = fileURLToPath(new URL("microsoft/cases.mjs", import.meta.url));
  const child = spawn(process.execPath, [...process.execArgv, cases], {
    stdio: "inherit",
    env: { ...process.env, NODE_EXTRA_CA_CERTS: certificate, CONVENE_SANDBOX_BASE: String(box.base) },
  });
  const [code] = await once(child, "exit");
  process.exitCode = code ?? 1;
} finally {
  await box.stop();
  await rm(folder, { recursive: true });
}
