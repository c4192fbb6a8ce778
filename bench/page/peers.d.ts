/**
 * The peers as the page imports them. `bundle.ts` makes these modules from the cache folder of `pnpm bench --install`.
 */
declare module "peer:tfjs" {
  export const tf: import("../peers/tfjs-work.ts").Tf;
}
declare module "peer:jax-js" {
  export const jax: import("../peers/jax-js-work.ts").Jax;
  export const version: string;
}
