import assert from "node:assert/strict";
import { test } from "node:test";
import { serverAudits } from "graphql-http";
import { url } from "./server.js";

// https://graphql.github.io/graphql-over-http: every audit of the reference suite.
const audits = serverAudits({ url: () => url });

test("there are audits", () => assert.ok(audits.length >= 61, `${audits.length}`));
for (const audit of audits) {
  test(`${audit.id} ${audit.name}`, async () => {
    const result = await audit.fn();
    assert.equal(result.status, "ok", "reason" in result ? result.reason : "");
  });
}
