/** How a text is set off. */
export type Tone = "normal" | "dim" | "green" | "red";

/** Sets a text off, or returns it as it is. */
export type Paint = (text: string, tone: Tone) => string;

/** For output without colours. */
export const plain: Paint = (text) => text;

/** What turns each tone on and off in a terminal (ECMA-48, 8.3.117). */
const codes = { dim: [2, 22], green: [32, 39], red: [31, 39] } as const;

const coloured: Paint = (text, tone) =>
  tone === "normal" || text === "" ? text : `\u001B[${codes[tone][0]}m${text}\u001B[${codes[tone][1]}m`;

/** Colours where the terminal has some; none with NO_COLOR, which `hasColors` respects (https://no-color.org). */
export function paintFor(stream: NodeJS.WriteStream): Paint {
  return stream.isTTY === true && stream.hasColors() ? coloured : plain;
}
