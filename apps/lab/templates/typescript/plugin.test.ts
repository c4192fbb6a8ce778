import assert from "node:assert/strict";
import { after, test } from "node:test";
import { gradientTransformSuite } from "@sluice/clip/testing";
import { wasm } from "@sluice/wasm";
import { softClip } from "./plugin.ts";

const backend = wasm();
after(() => backend.close());

// Every law that a gradient transform must obey: no hidden state, extreme numbers, chains, saving, ...
for (const { name, skip, run } of gradientTransformSuite(softClip(1), { backend }))
  test(name, { skip: skip !== undefined }, run);

test("a scale that is not above 0 is refused", () => assert.throws(() => softClip(0), /expected a scale above 0/));
