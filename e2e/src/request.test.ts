import assert from "node:assert/strict";
import { test } from "node:test";
import { ClientError, GraphQLClient } from "graphql-request";
import { useFragment } from "../gen/index.js";
import { OneTask, Rename, TaskParts, Tasks } from "./operations.js";
import { ann, bob, url } from "./server.js";

test("graphql-request: query, mutation, pages", async () => {
  const c = new GraphQLClient(url, { headers: ann });
  const before = await c.request(OneTask, { id: "a07" });
  assert.equal(useFragment(TaskParts, before.findTaskByID)?.owner?.name, "Ann");
  assert.equal(before.findTaskByID?.notes, "n7");
  await c.request(Rename, { id: "a07", data: { title: "request" } });
  const ranks: (number | null | undefined)[] = [];
  let after: string | null | undefined;
  do {
    const { tasks } = await c.request(Tasks, { first: 7, after, where: { tags: { has: "x" } } });
    ranks.push(...tasks.edges.map((e) => useFragment(TaskParts, e.node).rank));
    after = tasks.pageInfo.hasNextPage ? tasks.pageInfo.endCursor : null;
  } while (after);
  assert.deepEqual(ranks, [...Array(25).keys()]);
});

test("graphql-request: refusals", async () => {
  const c = new GraphQLClient(url, { headers: bob });
  const { findTaskByID } = await c.request(OneTask, { id: "a04" });
  assert.equal(findTaskByID?.notes, null);
  await assert.rejects(c.request(Rename, { id: "a04", data: { title: "mine" } }), (e) => {
    assert.ok(e instanceof ClientError);
    assert.equal(e.response.errors?.[0]?.extensions.code, "FORBIDDEN");
    return true;
  });
  await assert.rejects(new GraphQLClient(url, { headers: { Authorization: "Bearer nonsense" } }).request(OneTask, { id: "a04" }), (e) => {
    assert.ok(e instanceof ClientError);
    assert.equal(e.response.status, 401);
    return true;
  });
});
