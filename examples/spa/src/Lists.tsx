import { useEffect, useState } from "react";
import { useMutation, useQuery, type AnyVariables, type CombinedError } from "urql";
import { AddList, AddTodo, Overview, RemoveList, RemoveTodo, Share, SignUp, Tick, type List, type Person } from "./operations";

// Answers without any document of a type say nothing of it: a mutation of one
// has to refresh them all the same.
const written = { additionalTypenames: ["User", "List", "Todo"] };

export function Lists(p: { sub: string; name: string; logout: () => void }) {
  const [{ data, error, fetching }, refresh] = useQuery({ query: Overview, context: written });
  const [, signUp] = useMutation(SignUp);
  const [, addList] = useMutation(AddList);
  const [at, go] = useState<string>();
  const known = data?.me;
  useEffect(() => {
    // The first visit of somebody new: a document that says who they are.
    if (data && !known) void signUp({ sub: p.sub, name: p.name }).then(() => refresh({ requestPolicy: "network-only" }));
  }, [data, known]);
  const list = data?.lists.nodes.find((l) => l._id === at) ?? data?.lists.nodes[0];
  return (
    <div className="app">
      <nav>
        <h1>Lists</h1>
        <ul>
          {data?.lists.nodes.map((l) => (
            <li key={l._id}>
              <button className={l === list ? "list current" : "list"} onClick={() => go(l._id)}>
                {l.title} <small>{l.todos.nodes.filter((t) => !t.done).length}</small>
              </button>
            </li>
          ))}
        </ul>
        <Entry label="New list" onEnter={async (title) => go((await addList({ title })).data?.createList?._id)} />
        <footer>
          <span id="who">{known?.name ?? p.name}</span>
          <button id="logout" className="quiet" onClick={p.logout}>
            Log out
          </button>
        </footer>
      </nav>
      <main>
        <Problem of={error} />
        {list && <Todos key={list._id} list={list} people={data?.users.nodes ?? []} me={known ?? undefined} />}
        {data && !fetching && !list && <p className="empty">No list yet. Make one at the left.</p>}
      </main>
    </div>
  );
}

function Todos({ list, people, me }: { list: List; people: Person[]; me?: Person }) {
  const [error, fail] = useState<CombinedError>();
  const use = <V extends AnyVariables>([, run]: readonly [unknown, (v: V) => Promise<{ error?: CombinedError }>, ...unknown[]]) => {
    return async (v: V) => fail((await run(v)).error);
  };
  const add = use(useMutation(AddTodo));
  const tick = use(useMutation(Tick));
  const remove = use(useMutation(RemoveTodo));
  const removeList = use(useMutation(RemoveList));
  const share = use(useMutation(Share));
  const others = people.filter((u) => u._id !== list.owner?._id && !list.members.nodes.some((m) => m._id === u._id));
  return (
    <>
      <header>
        <h2>{list.title}</h2>
        <p className="people">
          <span className="person owner">{list.owner?._id === me?._id ? "yours" : list.owner?.name}</span>
          {list.members.nodes.map((m) => (
            <span className="person" key={m._id}>
              {m.name}
              {list._can.update && (
                <button aria-label={`stop sharing with ${m.name}`} onClick={() => share({ id: list._id, with: null, without: [m._id] })}>
                  ×
                </button>
              )}
            </span>
          ))}
          {list._can.update && others.length > 0 && (
            <select aria-label="share with" value="" onChange={(e) => share({ id: list._id, with: [e.target.value], without: null })}>
              <option value="">Share with …</option>
              {others.map((u) => (
                <option key={u._id} value={u._id}>
                  {u.name}
                </option>
              ))}
            </select>
          )}
          {list._can.delete && (
            <button className="quiet" onClick={() => removeList({ id: list._id })}>
              Delete list
            </button>
          )}
        </p>
      </header>
      <Problem of={error} />
      <ul className="todos">
        {list.todos.nodes.map((t) => (
          <li key={t._id} className={t.done ? "done" : ""}>
            <label>
              <input type="checkbox" checked={t.done} onChange={() => tick({ id: t._id, done: !t.done })} />
              <span>{t.text}</span>
            </label>
            {t.by && t.by._id !== me?._id && <small>{t.by.name}</small>}
            <button className="quiet" aria-label={`delete ${t.text}`} onClick={() => remove({ id: t._id })}>
              ×
            </button>
          </li>
        ))}
      </ul>
      <Entry label="New to-do" onEnter={(text) => add({ list: list._id, text })} />
    </>
  );
}

function Entry(p: { label: string; onEnter: (text: string) => void }) {
  const [text, set] = useState("");
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault();
        if (text.trim()) p.onEnter(text.trim());
        set("");
      }}
    >
      <input aria-label={p.label} placeholder={p.label} value={text} onChange={(e) => set(e.target.value)} />
      <button aria-label={`add: ${p.label}`}>+</button>
    </form>
  );
}

function Problem({ of }: { of?: CombinedError }) {
  if (!of) return null;
  return <p className="error">{of.graphQLErrors[0]?.message ?? of.message}</p>;
}
