import { parseArgs } from "node:util";
import { mortality } from "./mortality.ts";

const { values } = parseArgs({ options: { data: { type: "string" }, hourly: { type: "boolean", default: false } } });
await mortality({
  ...(values.data === undefined ? {} : { folder: values.data }),
  view: values.hourly ? "hourly" : "events",
});
