/**
 * A function of one value that collects the calls of a moment and answers them by one call of a function of many.
 *
 * @param many answers each value, in their order. If it fails, all calls of the moment fail.
 */
export function collected<T, R>(
  many: (values: readonly T[]) => Promise<readonly R[]>,
  { momentMs = 100 }: { readonly momentMs?: number } = {},
): (value: T) => Promise<R> {
  interface Call {
    readonly value: T;
    settle(answer: R): void;
    fail(error: unknown): void;
  }
  let calls: Call[] = [];
  let timer: NodeJS.Timeout | undefined;

  const answer = async (): Promise<void> => {
    const now = calls;
    calls = [];
    try {
      const answers = await many(now.map(({ value }) => value));
      for (const [index, given] of answers.entries()) now[index]?.settle(given);
    } catch (error) {
      for (const call of now) call.fail(error);
    }
  };
  return (value) =>
    new Promise((settle, fail) => {
      calls.push({ value, settle, fail });
      clearTimeout(timer);
      timer = setTimeout(() => void answer(), momentMs);
    });
}
