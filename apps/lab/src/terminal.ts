import type { Command } from "commander";

/** What a command ends with. */
export const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** Where the commands write to and run from. */
export interface Terminal {
  readonly folder: string;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  /** Aborted when the reader of the output has closed it. */
  readonly closed: AbortSignal;
}

/** A command: adds itself to the program, and calls `ended` with its exit code. */
export type AddCommand = (program: Command, terminal: Terminal, ended: (code: number) => void) => void;

/** Whether a table that is drawn anew can be shown. */
export const isLive = (stream: NodeJS.WriteStream): boolean =>
  stream.isTTY === true && process.env["CI"] === undefined && process.env["TERM"] !== "dumb";
