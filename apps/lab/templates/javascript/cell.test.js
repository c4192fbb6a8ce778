import { after, test } from "node:test";
import { cellSuite } from "@sluice/cells/testing";
import { wasm } from "@sluice/wasm";
import { softGate } from "./cell.js";

const backend = wasm();
after(() => backend.close());

// Every law that a cell must obey: gradients against differences, masks, streams, saving, the backend's values, ...
for (const { name, skip, run } of cellSuite(softGate({ input: 2, hidden: 3 }), { backend }))
  test(name, { skip: skip !== undefined }, run);
