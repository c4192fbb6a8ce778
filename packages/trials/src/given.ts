/** The members that are given, since an option that is `undefined` is none. */
export function given<T extends object>(options: T): { [name in keyof T]?: Exclude<T[name], undefined> };
export function given(options: object): object {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
