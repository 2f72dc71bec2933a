import { StrictMode, useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import { Provider } from "urql";
import { connect, login } from "./client";
import { Lists } from "./Lists";
import "./style.css";

type State = { is: "loading" | "out" | "ended" } | { is: "in"; sub: string; name: string } | { is: "broken"; why: string };

async function start(): Promise<State> {
  const auth = await login;
  const query = new URLSearchParams(location.search);
  if (query.has("state") && (query.has("code") || query.has("error"))) {
    await auth.handleRedirectCallback();
    history.replaceState({}, "", location.pathname);
  }
  const user = await auth.getUser();
  return user?.sub ? { is: "in", sub: user.sub, name: user.name ?? user.sub } : { is: "out" };
}

const started = start().catch((e: Error): State => ({ is: "broken", why: e.message }));

function App() {
  const [state, set] = useState<State>({ is: "loading" });
  const [graphql] = useState(() => connect(() => set({ is: "ended" })));
  useEffect(() => void started.then(set), []);
  switch (state.is) {
    case "loading":
      return null;
    case "in":
      return (
        <Provider value={graphql}>
          <Lists sub={state.sub} name={state.name} logout={async () => (await login).logout({ logoutParams: { returnTo: location.origin } })} />
        </Provider>
      );
    case "ended":
      return (
        <main className="hero">
          <h1>Lists</h1>
          <p className="notice" role="alert">
            <strong>Your session has ended</strong>
            This login is not accepted any more. Log in again, or with another account. If that does not help, ask whoever runs this service for access.
          </p>
          <button id="login" onClick={async () => (await login).loginWithRedirect({ authorizationParams: { prompt: "login" } })}>
            Log in again
          </button>
        </main>
      );
    default:
      return (
        <main className="hero">
          <h1>Lists</h1>
          <p>To-do lists that you share with whom you like. There is no backend behind this page: the browser asks the database, and its rules decide.</p>
          {state.is === "broken" && <p className="error">{state.why}</p>}
          <button id="login" onClick={async () => (await login).loginWithRedirect()}>
            Log in
          </button>
        </main>
      );
  }
}

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
