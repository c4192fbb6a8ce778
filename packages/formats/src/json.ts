/**
 * The value of a JSON text. `JSON.parse` takes the last of several members of one name, so that the others are lost
 * unseen. Throws a SyntaxError for such an object, as for a text that is not JSON.
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  const twice = memberTwice(text);
  if (twice !== undefined) throw new SyntaxError(`an object has the member ${JSON.stringify(twice)} twice`);
  return value;
}

/** The name of a member that an object of a valid JSON text has twice, or undefined. */
function memberTwice(text: string): string | undefined {
  const tokens = /"(?:[^"\\]|\\.)*"|[{}[\]:]/g;
  // The names of each object that is open; a list has none.
  const open: (Set<string> | undefined)[] = [];
  let before = "";
  for (let found = tokens.exec(text); found !== null; found = tokens.exec(text)) {
    const [token] = found;
    if (token === "{") open.push(new Set());
    else if (token === "[") open.push(undefined);
    else if (token === "}" || token === "]") open.pop();
    else if (token === ":") {
      const names = open.at(-1);
      const name = String(JSON.parse(before));
      if (names?.has(name)) return name;
      names?.add(name);
    }
    before = token;
  }
  return undefined;
}
