import assert from "node:assert/strict";
import { test } from "node:test";
import { Client, fetchExchange } from "@urql/core";
import { cacheExchange } from "@urql/exchange-graphcache";
import { relayPagination } from "@urql/exchange-graphcache/extras";
import { useFragment } from "../gen/index.js";
import { ByState, OneTask, Rename, TaskParts, Tasks } from "./operations.js";
import { ann, bob, url } from "./server.js";

const keyed = (o: { _id?: unknown }) => (o._id as string | undefined) ?? null;
const client = (headers: Record<string, string>) =>
  new Client({
    url,
    preferGetMethod: false,
    fetchOptions: { headers },
    exchanges: [
      cacheExchange({
        keys: {
          Task: keyed, User: keyed, TaskConnection: () => null, TaskEdge: () => null, PageInfo: () => null,
          TaskAggregate: () => null, TaskAggregateKey: () => null, TaskAggregateRange: () => null,
        },
        resolvers: { Query: { tasks: relayPagination() } },
      }),
      fetchExchange,
    ],
  });

test("urql: a mutation updates the cache, by _id", async () => {
  const c = client(ann);
  const first = await c.query(OneTask, { id: "a05" });
  assert.equal(useFragment(TaskParts, first.data?.findTaskByID)?.title, "Task 05");
  const renamed = await c.mutation(Rename, { id: "a05", data: { title: "urql", state: "DONE" } });
  assert.equal(renamed.error, undefined);
  const cached = await c.query(OneTask, { id: "a05" }, { requestPolicy: "cache-only" });
  assert.equal(useFragment(TaskParts, cached.data?.findTaskByID)?.title, "urql");
  const groups = await c.query(ByState, {});
  assert.deepEqual(groups.data?.tasksAggregate.map((g) => [g.key.state, g.count]), [["DONE", 1], ["TODO", 24]]);
});

test("urql: pages of relayPagination", async () => {
  const c = client(bob);
  let after: string | null | undefined;
  let last;
  do {
    last = (await c.query(Tasks, { first: 5, after })).data;
    after = last?.tasks.pageInfo.endCursor;
  } while (last?.tasks.pageInfo.hasNextPage);
  const all = await c.query(Tasks, { first: 5 }, { requestPolicy: "cache-only" });
  assert.equal(all.data?.tasks.edges.length, 13);
  assert.equal(all.data?.tasks.totalCount, 13);
});

test("urql: a refusal is an error with a code", async () => {
  const { error } = await client(bob).mutation(Rename, { id: "a02", data: { title: "mine" } });
  assert.equal(error?.graphQLErrors[0]?.extensions.code, "FORBIDDEN");
});
