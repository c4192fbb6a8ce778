import { mosi } from "@sluice/data";
import { mosiMissing } from "./mosi-missing.ts";

for (const { modalities, accuracy } of await mosiMissing(await mosi({ validation: 0 })))
  console.log(`${(100 * accuracy).toFixed(1)} %  ${modalities}`);
