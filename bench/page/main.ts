/** The page of the bench. Node sends commands to its contenders one after the other, as it does to processes. */
import { readSafetensors, writeSafetensors } from "@sluice/formats";
import type { Answer, Command } from "../protocol.ts";
import { answering } from "../peers/work.ts";
import { contenders } from "./contenders.ts";
import { devices, type Devices } from "./devices.ts";

declare global {
  /** Called by Node. */
  var bench: {
    /**
     * `file` is the content of the file that the command names: the data of `prepare`. `results` returns the file's
     * content instead of writing it.
     */
    ask(
      contender: string,
      command: Command,
      file?: Uint8Array,
    ): Promise<{ readonly answer: Answer; readonly file?: Uint8Array }>;
    devices(): Promise<Devices>;
  };
}

let given: Uint8Array | undefined;
let written: Uint8Array | undefined;
const open = new Map<string, ReturnType<typeof start>>();

async function start(name: string) {
  const make = contenders[name];
  if (make === undefined) throw new Error(`there is no ${name} in this page`);
  return answering(await make(), {
    read: () => readSafetensors(given!).tensors,
    write: (_, results) => (written = writeSafetensors(results)),
  });
}

globalThis.bench = {
  async ask(name, command, file) {
    const contender = open.get(name) ?? start(name);
    open.set(name, contender);
    [given, written] = [file, undefined];
    const answer = await contender.then(
      (ask) => ask(command),
      (error: unknown): Answer => ({ error: error instanceof Error ? error.message : String(error) }),
    );
    return { answer, ...(written === undefined ? {} : { file: written }) };
  },
  devices,
};
