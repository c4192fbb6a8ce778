/**
 * The platform's `AbortSignal`, from Node's types or the DOM's. If a project has neither: the members that every such
 * signal has.
 */
export type Signal = typeof globalThis extends { AbortSignal: { prototype: infer Platforms } }
  ? Platforms
  : {
      readonly aborted: boolean;
      readonly reason: unknown;
      throwIfAborted(): void;
      addEventListener(type: "abort", listener: () => void): void;
      removeEventListener(type: "abort", listener: () => void): void;
    };
