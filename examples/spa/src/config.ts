// With a tenant of your own change the first two: the domain, and the client
// id of a Single Page Application registered there. The API registered there
// has the audience below as its identifier.
export const domain: string = import.meta.env.VITE_AUTH_DOMAIN ?? "http://127.0.0.1:8080/dev/issuer";
export const clientId: string = import.meta.env.VITE_AUTH_CLIENT_ID ?? "lists";

export const audience = "https://api.flora.dev";
export const api: string = import.meta.env.VITE_API ?? "http://127.0.0.1:8080/graphql";
