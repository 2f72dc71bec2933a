// Builds and starts Flora on a free port of loopback.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const freePort = () =>
  new Promise((done, fail) => {
    const probe = createServer().once("error", fail);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });

/** Starts flora dev with a schema and a seed. FLORA_STORE names another store than the embedded one. */
export async function startFlora(schema, seed) {
  const dir = mkdtempSync(join(tmpdir(), "flora-e2e-"));
  const flora = join(dir, "flora");
  execFileSync("go", ["build", "-o", flora, "."], { cwd: "..", stdio: "inherit" });
  const port = await freePort();
  const base = `http://127.0.0.1:${port}`;
  const args = ["dev", "--schema", schema, "--seed", seed, "--data-dir", dir, "--listen", `127.0.0.1:${port}`];
  if (process.env.FLORA_STORE) args.push("--store", process.env.FLORA_STORE);
  const server = spawn(flora, args, { stdio: ["ignore", "ignore", "inherit"] });
  process.once("exit", () => server.kill()); // it must not outlive a test that failed to start
  const stop = async () => {
    server.kill();
    await new Promise((done) => (server.exitCode !== null ? done() : server.once("exit", done)));
    rmSync(dir, { recursive: true, force: true });
  };
  for (let tries = 0; ; tries++) {
    if (await fetch(`${base}/readyz`).then((r) => r.ok, () => false)) break;
    if (tries > 300 || server.exitCode !== null) {
      await stop();
      throw new Error("the server did not start");
    }
    await new Promise((done) => setTimeout(done, 100));
  }
  const token = (sub, ...roles) =>
    execFileSync(flora, ["token", "--sub", sub, ...roles.flatMap((r) => ["--role", r]), "--data-dir", dir], { encoding: "utf8" }).trim();
  return { base, token, stop };
}
