// Starts Flora, generates types from the schema it serves, compiles them, and
// runs the clients.
import { execFileSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { startFlora } from "./server.mjs";

const run = (command, args, env = {}) => execFileSync(command, args, { stdio: "inherit", timeout: 120_000, env: { ...process.env, ...env } });
const bin = (name) => join("node_modules", ".bin", name);

const flora = await startFlora("schema.graphql", "seed.yaml");
try {
  rmSync("dist", { recursive: true, force: true });
  run(bin("graphql-codegen"), ["--config", "codegen.mjs"], { FLORA_SDL: `${flora.base}/schema.graphql` });
  run(bin("tsc"), ["--project", "."]);
  const tests = readdirSync("dist/src").filter((f) => f.endsWith(".test.js")).map((f) => join("dist/src", f));
  run(process.execPath, ["--test", "--test-concurrency=1", "--test-timeout=30000", ...tests], {
    FLORA_URL: `${flora.base}/graphql`, FLORA_ANN: flora.token("ann"), FLORA_BOB: flora.token("bob"),
  });
} finally {
  await flora.stop();
}
