import type { Values } from "@sluice/tensor";
import { copyIn, copyOut, viewsOf, type Exchange, type HostedProgram, type View } from "../../hosts/host.ts";
import { messageOf } from "./messages.ts";

/** What a host says to a worker that has a program to itself: first what to open, then each exchange. */
export type ToSession = { readonly open: HostedProgram } | { readonly exchange: Exchange };

/** The answer to each message, in order. */
export type FromSession =
  { readonly values: readonly Values[]; readonly error?: undefined } | { readonly error: string };

/** A worker that has one program to itself, in a memory that is not shared: a function of the host's messages. */
export function session(
  say: (reply: FromSession, transfer?: readonly ArrayBuffer[]) => void,
): (message: ToSession) => void {
  let run = (): void => {};
  let views: readonly View[] = [];

  function open({ module, pages, places }: HostedProgram): void {
    const memory = new WebAssembly.Memory({ initial: pages });
    const { run: entry } = new WebAssembly.Instance(module, { env: { memory } }).exports;
    if (typeof entry !== "function") throw new Error("the program does not export run");
    run = () => void entry(0, 1);
    views = viewsOf(memory, places);
  }

  return (message) => {
    try {
      if ("open" in message) {
        open(message.open);
        return say({ values: [] });
      }
      copyIn(views, message.exchange.write);
      if (message.exchange.run) run();
      const values = copyOut(views, message.exchange.read);
      say(
        { values },
        values.map(({ buffer }) => buffer).filter((buffer) => buffer instanceof ArrayBuffer),
      );
    } catch (error) {
      say({ error: messageOf(error) });
    }
  };
}
