// The page of examples/spa in headless Chromium: Auth0's SDK logs in at the
// development issuer, across origins, survives the end of its tokens, and is told
// when they are withdrawn. Pictures go to shots/.
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

/** What an operator does through the control API. */
async function operate(query) {
  const res = await fetch(`${flora.base}/admin/graphql`, {
    method: "POST",
    headers: { Authorization: `Bearer ${flora.token("ops", "flora:providers")}`, "Content-Type": "application/json" },
    body: JSON.stringify({ query }),
    signal: AbortSignal.timeout(10_000),
  });
  const { data, errors } = await res.json();
  assert.equal(errors, undefined, JSON.stringify(errors));
  return data;
}

/** A visitor has cookies and storage of their own. */
async function visitor() {
  const context = await browser.createBrowserContext();
  const tab = await context.newPage();
  await tab.setViewport({ width: 1100, height: 720 });
  tab.setDefaultTimeout(15_000);
  const problems = [];
  tab.on("pageerror", (e) => problems.push(e.message));
  const requests = [];
  const challenges = []; // what is said with a 401
  tab.on("console", (m) => trail.push(m.text()));
  tab.on("response", (r) => trail.push(`${r.status()} ${r.url()}`));
  tab.on("response", (r) => {
    const challenge = r.headers()["www-authenticate"];
    if (challenge) challenges.push(`${r.status()} ${challenge}`);
    else requests.push(`${r.request().method()} ${r.status()} ${new URL(r.url()).pathname}`);
  });
  await tab.goto(page);
  await tab.waitForSelector("#login");
  return {
    tab, problems, requests, challenges,
    shot: (name) => tab.screenshot({ path: `shots/${name}.png` }),
    sees: (text) => tab.waitForFunction((t) => document.body.innerText.includes(t), {}, text),
    lacks: async (text) => assert.ok(!(await tab.evaluate(() => document.body.innerText)).includes(text), `${text} is shown`),
    async login({ type, pick, ttl = "1h", reaches = ".app" }) {
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
      await tab.waitForSelector(reaches);
    },
    async submit(label, text) {
      await tab.type(`input[aria-label="${label}"]`, text);
      await tab.keyboard.press("Enter");
    },
    async enter(label, text) {
      await this.submit(label, text);
      await this.sees(text);
    },
    /** Refused because the tokens were withdrawn: told so in plain words, and nothing is left in the browser. */
    async isOut() {
      await this.sees("Your session has ended");
      for (const text of ["Garden", "withdrawn", "{"]) await this.lacks(text);
      assert.deepEqual(await tab.evaluate(() => Object.keys(localStorage).filter((k) => k.startsWith("@@auth0spajs@@"))), []);
      const said = challenges.splice(0);
      assert.ok(said.length > 0, "nothing was refused");
      for (const c of said) assert.match(c, /^401 Bearer error="invalid_token", error_description="the token was withdrawn/);
    },
  };
}

let failed = true;
try {
  // Somebody new logs in, and makes and shares a list.
  const linus = await visitor();
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

  // Her tokens are withdrawn: she is out at her next call, others are not.
  await operate('mutation { revokeSubject(provider: "dev", subject: "ada") { subject } }');
  await ada.submit("New to-do", "Too late");
  await ada.isOut();
  await ada.shot("ada-withdrawn");
  await linus.enter("New to-do", "Carry on");
  await linus.lacks("Too late");

  // The provider still lets her in, and the API does not. Another account is good.
  await ada.login({ pick: "ada", reaches: ".notice" });
  await ada.isOut();
  await ada.login({ pick: "grace" });
  await ada.sees("A surprise for Ada");
  await ada.shot("grace-instead");
  await ada.tab.click("#logout");
  await ada.tab.waitForSelector("#login");

  // Restored, she is back.
  assert.deepEqual(await operate('mutation { restoreSubject(provider: "dev", subject: "ada") }'), { restoreSubject: true });
  await ada.login({ pick: "ada" });
  for (const text of ["Kernel", "Garden"]) await ada.sees(text);
  await ada.lacks("Too late");
  await ada.shot("ada-restored");

  // A provider that forgot the login gives no new token: that ends the session too.
  const grace = await visitor();
  await grace.login({ pick: "grace", ttl: "3s" });
  await grace.sees("Moon landing");
  const changed = await grace.tab.evaluate(() => {
    const held = Object.entries(localStorage).filter(([, v]) => v.includes('"refresh_token":"'));
    for (const [k, v] of held) localStorage.setItem(k, v.replace(/"refresh_token":"[^"]*"/, '"refresh_token":"forgotten"'));
    return held.length;
  });
  assert.ok(changed > 0, "no refresh token was found");
  await grace.submit("New list", "Too late");
  await grace.sees("Your session has ended");
  assert.ok(grace.requests.some((r) => /^POST 4\d\d .*\/oauth\/token$/.test(r)), grace.requests.join("\n"));

  // Logged out is logged out.
  await ada.tab.click("#logout");
  await ada.tab.waitForSelector("#login");
  assert.deepEqual([linus, ada, grace].flatMap((v) => [...v.problems, ...v.challenges]), []);
  for (const v of [linus, ada]) assert.ok(!v.requests.some((r) => / (4|5)\d\d \/(graphql|dev)/.test(r)), v.requests.join("\n"));
  failed = false;
  console.log("the example works: log in, share, renew, lose and regain access, log out");
} finally {
  if (failed) console.error(trail.join("\n"));
  if (failed) for (const p of await browser.pages()) await p.screenshot({ path: "shots/failed.png" }).catch(() => {});
  await browser.close();
  files.close();
  await flora.stop();
}
