"use strict";
// The playground: GraphiQL in the middle, above it who asks, beside it what
// rules kept from that caller. It talks to its own server only.
(function () {
  const $ = (id) => document.getElementById(id);
  const remembered = "flora:caller";
  let caller = null; // { sub, roles, claims, token, expires }

  // ---- who asks

  function fault(message) {
    $("fault").textContent = message || "";
    $("fault").hidden = !message;
  }

  function readForm() {
    const text = $("claims").value.trim();
    let claims = {};
    if (text) {
      try {
        claims = JSON.parse(text);
      } catch (e) {
        throw new Error("Claims are not JSON: " + e.message);
      }
      if (claims === null || typeof claims !== "object" || Array.isArray(claims)) {
        throw new Error("Claims must be a JSON object.");
      }
    }
    const roles = $("roles").value.split(",").map((r) => r.trim()).filter(Boolean);
    return { sub: $("sub").value.trim(), roles, claims };
  }

  async function mint(who) {
    const response = await fetch("/dev/issuer/mint", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ sub: who.sub, roles: who.roles, claims: who.claims }),
    });
    const body = await response.json();
    if (!response.ok) throw new Error(body.error_description || "The issuer refused.");
    return { ...who, token: body.access_token, expires: Date.now() + body.expires_in * 1000 };
  }

  function show() {
    const signed = caller !== null;
    $("chip").classList.toggle("signed", signed);
    $("caller").textContent = signed ? [caller.sub, ...caller.roles].join(" · ") : "anonymous";
    $("about").textContent = signed
      ? "Sent as bearer token until " + new Date(caller.expires).toLocaleTimeString() + ", then a new one is made."
      : "No token is sent: rules see an anonymous caller.";
    $("bearer").value = signed ? caller.token : "";
    $("decoded").textContent = signed ? JSON.stringify(payload(caller.token), null, 2) : "";
    for (const id of ["bearer", "decoded", "copy", "curl"]) $(id).hidden = !signed;
    if (signed) {
      const { sub, roles, claims } = caller;
      sessionStorage.setItem(remembered, JSON.stringify({ sub, roles, claims }));
    } else {
      sessionStorage.removeItem(remembered);
    }
  }

  function payload(token) {
    const part = token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/");
    const bytes = Uint8Array.from(atob(part), (c) => c.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes));
  }

  async function become(who) {
    fault("");
    try {
      caller = who.sub ? await mint(who) : null;
      if (!who.sub && (who.roles.length || Object.keys(who.claims).length)) {
        fault("Roles and claims need a subject: without one the caller is anonymous.");
      }
    } catch (e) {
      fault(e.message);
    }
    show();
  }

  $("who").addEventListener("submit", (event) => {
    event.preventDefault();
    try {
      become(readForm());
    } catch (e) {
      fault(e.message);
    }
  });
  $("nobody").addEventListener("click", () => {
    for (const id of ["sub", "roles", "claims"]) $(id).value = "";
    become({ sub: "", roles: [], claims: {} });
  });

  function togglePopover(open) {
    $("token").hidden = !open;
    $("chip").setAttribute("aria-expanded", String(open));
  }
  $("chip").addEventListener("click", () => togglePopover($("token").hidden));
  document.addEventListener("keydown", (e) => e.key === "Escape" && togglePopover(false));
  document.addEventListener("click", (e) => {
    if (!$("token").contains(e.target) && !$("chip").contains(e.target)) togglePopover(false);
  });
  async function copy(button, text) {
    const label = button.textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      $("bearer").select();
      button.textContent = "Press Ctrl-C";
    }
    setTimeout(() => (button.textContent = label), 1500);
  }
  $("copy").addEventListener("click", () => copy($("copy"), caller.token));
  $("curl").addEventListener("click", () => copy($("curl"), "-H 'Authorization: Bearer " + caller.token + "'"));

  // ---- asking

  async function ask(params, headers, observed) {
    if (observed && caller && caller.expires < Date.now() + 30000) caller = await mint(caller);
    const all = { "Content-Type": "application/json", Accept: "application/graphql-response+json, application/json;q=0.9", ...headers };
    if (observed) {
      all["X-Flora-Hidden"] = "1";
      if (caller && !Object.keys(all).some((h) => h.toLowerCase() === "authorization")) all.Authorization = "Bearer " + caller.token;
    }
    const started = performance.now();
    const response = await fetch("/graphql", { method: "POST", headers: all, body: JSON.stringify(params) });
    const answer = await response.json();
    if (observed) report(answer, response, performance.now() - started);
    return answer;
  }

  function fetcher(params, options) {
    const observed = params.operationName !== "IntrospectionQuery";
    return ask(params, observed ? (options && options.headers) || {} : {}, observed);
  }

  // ---- what rules hid

  function element(tag, className, ...children) {
    const e = document.createElement(tag);
    if (className) e.className = className;
    e.append(...children);
    return e;
  }

  const pathText = (path) => (Array.isArray(path) ? path.join(".") : String(path || ""));

  function hiddenEntry(h) {
    const total = h.shown + h.hidden;
    const filled = element("i");
    filled.style.width = (total ? (100 * h.shown) / total : 0) + "%";
    const rule = element("p", "", "by ", element("b", "", h.rule || "a rule"));
    if (h.position) rule.append(", " + h.position);
    return element("div", "entry", element("code", "", pathText(h.path)), element("div", "bar", filled),
      element("p", "", element("b", "", String(h.hidden)), " hidden, ", element("b", "", String(h.shown)), " shown"), rule);
  }

  function report(answer, response, ms) {
    const extensions = answer.extensions || {};
    const entries = (extensions.hidden || []).filter((h) => h.hidden > 0).map(hiddenEntry);
    for (const path of extensions.denied || []) {
      entries.push(element("div", "entry", element("code", "", pathText(path)), element("p", "", "null: a rule of the field does not let this caller read it")));
    }
    for (const e of answer.errors || []) {
      const code = e.extensions && e.extensions.code;
      if (code !== "FORBIDDEN" && code !== "UNAUTHENTICATED") continue;
      entries.push(element("div", "entry refused", element("code", "", pathText(e.path) || code), element("p", "", element("b", "", code), ": " + e.message)));
    }
    if (entries.length === 0) {
      const text = answer.errors ? "No rule had a say: the operation failed before." : "Nothing was hidden from " + (caller ? caller.sub : "an anonymous caller") + ".";
      entries.push(element("p", answer.errors ? "empty" : "open", text));
    }
    $("hidden").replaceChildren(...entries);
    $("facts").textContent = "HTTP " + response.status + " · " + ms.toFixed(0) + " ms · request " + (response.headers.get("x-request-id") || "?");
  }

  // ---- a first query that fits the schema

  const introspection = `query Start { __schema { queryType { fields { name type { ...T } } } types { name kind fields { name type { ...T } args { type { kind } } } } } }
    fragment T on __Type { name kind ofType { name kind ofType { name kind } } }`;
  const named = (t) => (t.ofType ? named(t.ofType) : t);

  async function firstQuery() {
    const help = "# Become someone above, then run this. Ctrl-Space completes, hover a name to read about it.\n\n";
    try {
      const { __schema: schema } = (await ask({ query: introspection }, {}, false)).data;
      const types = Object.fromEntries(schema.types.map((t) => [t.name, t]));
      const lists = schema.queryType.fields.filter((f) => named(f.type).name.endsWith("Connection"));
      const list = lists.find((f) => f.name === "products") || lists[0];
      const node = types[named(list.type).name.replace(/Connection$/, "")];
      const plain = node.fields.filter((f) => ["SCALAR", "ENUM"].includes(named(f.type).kind) && !f.name.startsWith("_"));
      const fields = ["_id", ...plain.slice(0, 5).map((f) => f.name)].join("\n      ");
      return help + "query {\n  " + list.name + "(first: 10) {\n    totalCount\n    nodes {\n      " + fields + "\n    }\n  }\n}\n";
    } catch {
      return help + "query {\n  __typename\n}\n";
    }
  }

  async function start() {
    const saved = sessionStorage.getItem(remembered);
    if (saved) {
      const who = JSON.parse(saved);
      $("sub").value = who.sub;
      $("roles").value = who.roles.join(", ");
      $("claims").value = Object.keys(who.claims).length ? JSON.stringify(who.claims) : "";
      await become(who);
    } else {
      show();
    }
    const root = ReactDOM.createRoot($("graphiql"));
    root.render(React.createElement(GraphiQL, { fetcher, defaultQuery: await firstQuery(), defaultEditorToolsVisibility: "variables" }));
  }
  start();
})();
