// The page of examples/spa in headless Chromium: Auth0's SDK logs in at the
// development issuer, across origins, and survives the end of its tokens.
// Pictures go to shots/.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import puppeteer from "puppeteer-core";
import { freePort, startFlora } from "./server.mjs";

const spa = "../examples/spa";
const port = await freePort();
const page = `http://localhost:${port}`;
const flora = await startFlora(`${spa}/schema.graphql`, `${spa}/seed.yaml`);
const chromium = process.env.CHROMIUM ?? execFileSync("which", ["chromium"], { encoding: "utf8" }).trim();

execFileSync("npm", ["run", "build"], {
  cwd: spa, stdio: "inherit", timeout: 120_000,
  env: { ...process.env, VITE_AUTH_DOMAIN: `${flora.base}/dev/issuer`, VITE_API: `${flora.base}/graphql` },
});
const types = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" };
const files = createServer((req, res) => {
  const path = new URL(req.url, page).pathname;
  const file = join(spa, "dist", path === "/" ? "index.html" : path);
  try {
    const body = readFileSync(file);
    res.writeHead(200, { "Content-Type": types[extname(file)] ?? "application/octet-stream" }).end(body);
  } catch {
    res.writeHead(404).end();
  }
}).listen(port, "localhost");

const browser = await puppeteer.launch({ executablePath: chromium, headless: true, args: ["--no-sandbox"] });
mkdirSync("shots", { recursive: true });

const trail = []; // told if it fails

/** A visitor has cookies and storage of their own. */
async function visitor() {
  const context = await browser.createBrowserContext();
  const tab = await context.newPage();
  await tab.setViewport({ width: 1100, height: 720 });
  tab.setDefaultTimeout(15_000);
  const problems = [];
  tab.on("pageerror", (e) => problems.push(e.message));
  const requests = [];
  tab.on("console", (m) => trail.push(m.text()));
  tab.on("response", (r) => trail.push(`${r.status()} ${r.url()}`));
  tab.on("response", (r) => requests.push(`${r.request().method()} ${r.status()} ${new URL(r.url()).pathname}`));
  return {
    tab, problems, requests,
    shot: (name) => tab.screenshot({ path: `shots/${name}.png` }),
    sees: (text) => tab.waitForFunction((t) => document.body.innerText.includes(t), {}, text),
    lacks: async (text) => assert.ok(!(await tab.evaluate(() => document.body.innerText)).includes(text), `${text} is shown`),
    async login({ type, pick, ttl = "1h" }) {
      await tab.goto(page);
      await tab.waitForSelector("#login");
      await tab.click("#login");
      await tab.waitForSelector("#go");
      await this.shot(`login-${type ?? pick}`);
      await tab.$eval("#ttl", (e, ttl) => (e.value = ttl), ttl);
      if (type) {
        await tab.type("#subject", type);
        await tab.click("#go");
      } else {
        await tab.click(`.people button[value="${pick}"]`);
      }
      await tab.waitForSelector(".app");
    },
    async enter(label, text) {
      await tab.type(`input[aria-label="${label}"]`, text);
      await tab.keyboard.press("Enter");
      await this.sees(text);
    },
  };
}

let failed = true;
try {
  // Somebody new logs in, and makes and shares a list.
  const linus = await visitor();
  await linus.tab.goto(page);
  await linus.tab.waitForSelector("#login");
  await linus.shot("welcome");
  await linus.login({ type: "linus" });
  await linus.sees("No list yet");
  await linus.enter("New list", "Kernel");
  await linus.enter("New to-do", "Read patches");
  await linus.enter("New to-do", "Release");
  await linus.lacks("Moon landing");
  await linus.tab.select('select[aria-label="share with"]', "ada");
  await linus.tab.waitForSelector('button[aria-label="stop sharing with Ada"]');
  await linus.shot("linus");

  // Ada sees her own, and what is shared with her, and nothing else.
  const ada = await visitor();
  await ada.login({ pick: "ada", ttl: "3s" });
  for (const text of ["Kernel", "Garden", "Moon landing"]) await ada.sees(text);
  await ada.lacks("A surprise for Ada");
  await ada.tab.evaluate(() => [...document.querySelectorAll(".list")].find((b) => b.innerText.includes("Kernel")).click());
  await ada.sees("Read patches");
  await ada.lacks("Delete list");
  await ada.tab.click(".todos input");
  await ada.tab.waitForSelector(".todos .done");

  // Her token has ended: the SDK gets another one, and she notices nothing.
  await new Promise((done) => setTimeout(done, 35_000)); // 3 s, and 30 s of grace
  const before = ada.requests.filter((r) => r.endsWith("/oauth/token")).length;
  await ada.enter("New to-do", "Thank everybody");
  assert.ok(ada.requests.filter((r) => r.endsWith("/oauth/token")).length > before, "no token was renewed");
  await ada.shot("ada");
  await linus.tab.reload();
  await linus.sees("Thank everybody");
  await linus.shot("linus-later");

  // Logged out is logged out.
  await ada.tab.click("#logout");
  await ada.tab.waitForSelector("#login");
  assert.deepEqual([...linus.problems, ...ada.problems], []);
  for (const v of [linus, ada]) assert.ok(!v.requests.some((r) => / (4|5)\d\d \/(graphql|dev)/.test(r)), v.requests.join("\n"));
  failed = false;
  console.log("the example works: log in, share, renew, log out");
} finally {
  if (failed) console.error(trail.join("\n"));
  if (failed) for (const p of await browser.pages()) await p.screenshot({ path: "shots/failed.png" }).catch(() => {});
  await browser.close();
  files.close();
  await flora.stop();
}
