/** GraphQL Code Generator: types of the operations in src from the schema that the server serves. */
export default {
  schema: process.env.FLORA_SDL,
  documents: ["src/operations.ts"],
  emitLegacyCommonJSImports: false,
  generates: {
    "gen/": { preset: "client", config: { scalars: { Long: "number", Date: "string" }, useTypeImports: true } },
  },
};
