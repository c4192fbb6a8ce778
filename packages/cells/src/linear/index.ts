// Cells whose recurrence is linear in the state: `sequence(cell, { scan: "associative" })` runs them without a loop
export { minGru } from "./min-gru.ts";
