import type { Command } from "commander";

/** What a command ends with. */
export const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** Where the commands write to and run from. */
export interface Terminal {
  readonly folder: string;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  /** Aborted when the reader of the output has closed it. */
  readonly closed: AbortSignal;
}

/** A command: adds itself to the program, and calls `ended` with its exit code. */
export type AddCommand = (program: Command, terminal: Terminal, ended: (code: number) => void) => void;

/** Whether a table that is drawn anew can be shown. It needs to know the size of the terminal. */
export const isLive = (stream: NodeJS.WriteStream): boolean =>
  stream.isTTY === true &&
  Math.min(stream.columns, stream.rows) > 0 &&
  process.env["CI"] === undefined &&
  process.env["TERM"] !== "dumb";

/** Whether a person can be asked something. */
export const isConversation = ({ stdin, stdout }: Pick<Terminal, "stdin" | "stdout">): boolean =>
  stdin.isTTY === true && stdout.isTTY === true && process.env["CI"] === undefined;

/** The width at which text is wrapped: that of a terminal. What goes elsewhere is not wrapped. */
export const textWidthOf = (stream: Partial<Pick<NodeJS.WriteStream, "columns">>): number =>
  widthOf(stream, Number.POSITIVE_INFINITY);

/** The width of the output. A file has none, and a terminal whose size was never set says 0. */
export const widthOf = ({ columns = 0 }: Partial<Pick<NodeJS.WriteStream, "columns">>, otherwise = 120): number =>
  columns > 0 ? columns : otherwise;
