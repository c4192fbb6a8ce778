export { away } from "./away.ts";
export { here } from "./here.ts";
export { type Host, type Place } from "./host.ts";
export { team } from "./team.ts";
