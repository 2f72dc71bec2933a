const need = (name: string): string => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: npm test sets it`);
  return value;
};

export const url = need("FLORA_URL");
export const ann = { Authorization: `Bearer ${need("FLORA_ANN")}` };
export const bob = { Authorization: `Bearer ${need("FLORA_BOB")}` };
