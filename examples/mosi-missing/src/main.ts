import { mosi } from "@sluice/data";
import { mosiMissing, shareOfPositive } from "./mosi-missing.ts";

const set = await mosi({ validation: 0 });
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
for (const { modalities, accuracy } of await mosiMissing(set)) console.log(`${percent(accuracy)}  ${modalities}`);
const [train, test] = [shareOfPositive(set.train), shareOfPositive(set.test)].map(percent);
console.log(`positive: ${train} of the training utterances, ${test} of the test utterances`);
