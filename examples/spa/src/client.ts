import { createAuth0Client, type Auth0Client } from "@auth0/auth0-spa-js";
import { Client, cacheExchange, fetchExchange } from "@urql/core";
import { api, audience, clientId, domain } from "./config";

/** login is Auth0's SDK: it keeps the tokens, and renews them before they end. */
export const login: Promise<Auth0Client> = createAuth0Client({
  domain,
  clientId,
  useRefreshTokens: true,
  cacheLocation: "localstorage",
  authorizationParams: { audience, scope: "openid profile offline_access", redirect_uri: location.origin },
});

/** graphql sends the access token with every request, straight to Flora. */
export const graphql = new Client({
  url: api,
  preferGetMethod: false,
  requestPolicy: "cache-and-network",
  exchanges: [cacheExchange, fetchExchange],
  fetch: async (input, init) => {
    const token = await (await login).getTokenSilently();
    return fetch(input, { ...init, headers: { ...init?.headers, Authorization: `Bearer ${token}` } });
  },
});
