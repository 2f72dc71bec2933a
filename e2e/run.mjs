// Builds and starts Flora on a free port of loopback, generates types from the
// schema it serves, compiles them, and runs the clients. FLORA_STORE names
// another store than the embedded one.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const dir = mkdtempSync(join(tmpdir(), "flora-e2e-"));
const flora = join(dir, "flora");
const run = (command, args, env = {}) => execFileSync(command, args, { stdio: "inherit", timeout: 120_000, env: { ...process.env, ...env } });

const port = await new Promise((done, fail) => {
  const probe = createServer().once("error", fail);
  probe.listen(0, "127.0.0.1", () => {
    const { port } = probe.address();
    probe.close(() => done(port));
  });
});
const base = `http://127.0.0.1:${port}`;

execFileSync("go", ["build", "-o", flora, "."], { cwd: "..", stdio: "inherit" });
const args = ["dev", "--schema", "schema.graphql", "--seed", "seed.yaml", "--data-dir", dir, "--listen", `127.0.0.1:${port}`];
if (process.env.FLORA_STORE) args.push("--store", process.env.FLORA_STORE);
const server = spawn(flora, args, { stdio: ["ignore", "ignore", "inherit"] });
let failed = true;
try {
  for (let tries = 0; ; tries++) {
    const up = await fetch(`${base}/readyz`).then((r) => r.ok, () => false);
    if (up) break;
    if (tries > 300 || server.exitCode !== null) throw new Error("the server did not start");
    await new Promise((done) => setTimeout(done, 100));
  }
  const token = (sub) => execFileSync(flora, ["token", "--sub", sub, "--data-dir", dir], { encoding: "utf8" }).trim();
  const bin = (name) => join("node_modules", ".bin", name);
  rmSync("dist", { recursive: true, force: true });
  run(bin("graphql-codegen"), ["--config", "codegen.mjs"], { FLORA_SDL: `${base}/schema.graphql` });
  run(bin("tsc"), ["--project", "."]);
  const tests = readdirSync("dist/src").filter((f) => f.endsWith(".test.js")).map((f) => join("dist/src", f));
  run(process.execPath, ["--test", "--test-concurrency=1", "--test-timeout=30000", ...tests], { FLORA_URL: `${base}/graphql`, FLORA_ANN: token("ann"), FLORA_BOB: token("bob") });
  failed = false;
} finally {
  server.kill();
  await new Promise((done) => (server.exitCode !== null ? done() : server.once("exit", done)));
  rmSync(dir, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);
