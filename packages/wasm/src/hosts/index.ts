export { away } from "./away.ts";
export { here } from "./here.ts";
export { type Host, type Session, type TensorRange, type Written } from "./host.ts";
export { team } from "./team.ts";
