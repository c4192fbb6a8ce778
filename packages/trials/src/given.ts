/** The options without members that are `undefined`. */
export function given<T extends object>(options: T): { [name in keyof T]?: Exclude<T[name], undefined> };
export function given(options: object): object {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
