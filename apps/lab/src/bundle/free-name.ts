/** The name or, if another file has it, the name after a number. */
export function freeName(name: string, taken: readonly string[]): string {
  let free = name;
  for (let n = 2; taken.includes(free); n += 1) free = `${n}-${name}`;
  return free;
}
