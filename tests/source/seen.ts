/** All that can be seen of a value, in every way that there is to look at it. */
export function seen(value: unknown): string {
  const parts: string[] = [
    Deno.inspect(value, { depth: 20, showHidden: true } as Deno.InspectOptions),
  ];
  const known = new Set<unknown>();
  const look = (each: unknown) => {
    if (typeof each === "string") parts.push(each);
    if (typeof each !== "object" || each === null || known.has(each)) return;
    known.add(each);
    if (each instanceof Uint8Array) parts.push(new TextDecoder().decode(each));
    for (const key of Reflect.ownKeys(each)) {
      parts.push(String(key));
      look((each as Record<PropertyKey, unknown>)[key]);
    }
    if (each instanceof Map || each instanceof Set) { for (const one of each) look(one); }
  };
  look(value);
  return parts.join("\n");
}
