#!/usr/bin/env node
import { commands } from "./commands.ts";
import { codeOf, programOf, thisTerminal } from "./program.ts";
import { EXIT } from "./terminal.ts";

const terminal = thisTerminal();
let code: number = EXIT.done;
const program = programOf("sluice", "Reproducible studies of gated recurrent networks.");
for (const add of commands) add(program, terminal, (ended) => void (code = ended));

process.exitCode = await codeOf(program, process.argv.slice(2), () => code);
