import { createAuth0Client, GenericError, type Auth0Client } from "@auth0/auth0-spa-js";
import { Client, cacheExchange, fetchExchange, mapExchange, type CombinedError } from "@urql/core";
import { api, audience, clientId, domain } from "./config";

/** login is Auth0's SDK: it keeps the tokens, and renews them before they end. */
export const login: Promise<Auth0Client> = createAuth0Client({
  domain,
  clientId,
  useRefreshTokens: true,
  cacheLocation: "localstorage",
  authorizationParams: { audience, scope: "openid profile offline_access", redirect_uri: location.origin },
});

/**
 * connect makes a client that sends the access token with every request, straight
 * to Flora. When the login is worth nothing any more, the browser forgets it, and
 * ended is called.
 */
export function connect(ended: () => void): Client {
  const onError = async (error: CombinedError) => {
    if (!isOver(error)) return;
    await (await login).logout({ openUrl: false }); // in this browser: the provider may still know them
    ended();
  };
  return new Client({
    url: api,
    preferGetMethod: false,
    requestPolicy: "cache-and-network",
    exchanges: [mapExchange({ onError }), cacheExchange, fetchExchange],
    fetch: async (input, init) => {
      const token = await (await login).getTokenSilently();
      return fetch(input, { ...init, headers: { ...init?.headers, Authorization: `Bearer ${token}` } });
    },
  });
}

/** isOver: Flora refuses the token (its tokens were withdrawn), or the provider gives no new one without a login. */
function isOver({ response, networkError }: CombinedError): boolean {
  const noToken = ["invalid_grant", "login_required", "missing_refresh_token"];
  return response?.status === 401 || (networkError instanceof GenericError && noToken.includes(networkError.error));
}
