import assert from "node:assert/strict";
import { test } from "node:test";
import { ApolloClient, CombinedGraphQLErrors, HttpLink, InMemoryCache } from "@apollo/client";
import { relayStylePagination } from "@apollo/client/utilities";
import { filter, firstValueFrom } from "rxjs";
import { useFragment } from "../gen/index.js";
import { Create, OneTask, Remove, Rename, TaskParts, Tasks } from "./operations.js";
import { ann, bob, url } from "./server.js";

const client = (headers?: Record<string, string>) =>
  new ApolloClient({
    link: new HttpLink({ uri: url, headers }),
    cache: new InMemoryCache({
      dataIdFromObject: (o) => (o._id ? `${o.__typename}:${o._id as string}` : undefined),
      typePolicies: { Query: { fields: { tasks: relayStylePagination(["where", "orderBy"]) } } },
    }),
  });

test("Apollo: a mutation updates what queries show, by _id", async () => {
  const c = client(ann);
  const seen: string[] = [];
  const query = c.watchQuery({ query: OneTask, variables: { id: "a01" } });
  const subscription = query.subscribe(({ data, dataState }) => {
    if (dataState === "complete" && data.findTaskByID) seen.push(useFragment(TaskParts, data.findTaskByID).title);
  });
  await c.query({ query: OneTask, variables: { id: "a01" } });
  const { data } = await c.mutate({ mutation: Rename, variables: { id: "a01", data: { title: "Apollo" } } });
  assert.equal(data?.partialUpdateTask?.title, "Apollo");
  await new Promise((done) => setImmediate(done));
  subscription.unsubscribe();
  assert.deepEqual(seen, ["Task 01", "Apollo"]);
});

test("Apollo: pages of relayStylePagination", async () => {
  const c = client(ann);
  const query = c.watchQuery({ query: Tasks, variables: { first: 10 } });
  const { data: first } = await firstValueFrom(query.pipe(filter((r) => r.dataState === "complete")));
  assert.equal(first?.tasks?.totalCount, 25);
  const subscription = query.subscribe(() => {});
  let page = first?.tasks?.pageInfo;
  for (let turns = 0; page?.hasNextPage; turns++) {
    assert.ok(turns < 3, "there are three pages");
    const { data } = await query.fetchMore({ variables: { after: page.endCursor } });
    page = data?.tasks.pageInfo;
  }
  subscription.unsubscribe();
  const { data } = await c.query({ query: Tasks, variables: { first: 10 }, fetchPolicy: "cache-only" });
  const ranks = data?.tasks.edges.map((e) => useFragment(TaskParts, e.node).rank);
  assert.deepEqual(ranks, [...Array(25).keys()]);
});

test("Apollo: create and remove", async () => {
  const c = client(ann);
  const made = await c.mutate({ mutation: Create, variables: { data: { title: "New", due: "2026-12-31", size: 9007199254740991, tags: ["a"] } } });
  const task = useFragment(TaskParts, made.data?.createTask);
  assert.equal(task?.owner?.name, "Ann");
  assert.equal(task?.state, "TODO");
  assert.equal(task?.size, 9007199254740991);
  const gone = await c.mutate({ mutation: Remove, variables: { id: task!._id } });
  assert.equal(gone.data?.deleteTask?._id, task!._id);
});

test("Apollo: refusals are errors with a code, hidden documents are null", async () => {
  const c = client(bob);
  const hidden = await c.query({ query: OneTask, variables: { id: "a03" } });
  assert.equal(hidden.data?.findTaskByID, null);
  await assert.rejects(c.mutate({ mutation: Rename, variables: { id: "a02", data: { title: "mine" } } }), (e) => {
    assert.ok(CombinedGraphQLErrors.is(e));
    assert.equal(e.errors[0]?.extensions?.code, "FORBIDDEN");
    return true;
  });
});
