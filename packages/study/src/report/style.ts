import { series, surface } from "@sluice/figures/internal";

type Shade = "light" | "dark";

/** The page's colors and those of up to eight variants, which are the colors of all figures. */
const variables = (shade: Shade): string =>
  [
    ...Object.entries(surface).map(([name, colour]) => `--${name}: ${colour[shade]};`),
    ...series.map((colour, index) => `--c${index}: ${colour[shade]};`),
  ].join(" ");

/** The page's style. */
export const STYLE = `
:root { color-scheme: light dark; ${variables("light")} --faint: #f3f3ee; --good: #00684a; --bad: #a63c06; --open: #6b6354; }
@media (prefers-color-scheme: dark) { :root { ${variables("dark")} --faint: #1d2024; --good: #4fd1a5; --bad: #ff9a62; --open: #c9bda3; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--ink); font: 17px/1.55 Charter, "Bitstream Charter", "Iowan Old Style", "Palatino Linotype", Georgia, serif; }
main { max-width: 1080px; margin: 0 auto; padding: 56px 32px 96px; }
p { max-width: 42em; margin: 0 0 .8em; text-wrap: pretty; }
h1 { font-size: 2.15rem; line-height: 1.15; font-weight: 600; letter-spacing: -.012em; margin: .15em 0 .4em; text-wrap: balance; }
h2 { font-size: 1.3rem; font-weight: 600; margin: 2.6em 0 .5em; padding-top: .7em; border-top: 1px solid var(--rule); }
h3 { font-size: 1rem; font-weight: 600; margin: 1.6em 0 .3em; }
.sans, table, svg, .kicker, .facts, figcaption, pre, dl, .note, summary { font-family: system-ui, -apple-system, "Segoe UI", Inter, Roboto, "Helvetica Neue", Arial, sans-serif; }
.kicker { font-size: .8rem; color: var(--soft); letter-spacing: .02em; margin: 0; }
.question { font-size: 1.2rem; line-height: 1.45; max-width: 36em; }
.facts { font-size: .85rem; color: var(--soft); max-width: none; }
.note { font-size: .85rem; line-height: 1.5; color: var(--soft); }
.scroll { overflow-x: auto; margin: .6em 0 1em; }
table { border-collapse: collapse; font-size: .86rem; line-height: 1.35; font-variant-numeric: tabular-nums lining-nums; min-width: 60%; }
th, td { text-align: left; padding: .42em 1.1em .42em 0; vertical-align: baseline; }
th { font-weight: 500; color: var(--soft); white-space: nowrap; border-bottom: 1px solid var(--rule); }
tbody th { color: var(--ink); border: 0; }
tbody td, .option { white-space: nowrap; }
td.wrap { white-space: normal; min-width: 15em; max-width: 34em; overflow-wrap: anywhere; }
.number { text-align: right; }
td strong { font-weight: 600; }
.soft { color: var(--soft); }
.metrics { display: flex; flex-wrap: wrap; column-gap: 4em; } .metrics > div { min-width: min(100%, 20em); max-width: 100%; } .metrics table { min-width: 100%; }
tr.task th { padding-top: 1.2em; font-weight: 600; }
tr.task td { padding-top: 1.2em; color: var(--soft); }
.key { display: inline-block; width: .68em; height: .68em; border-radius: 50%; background: var(--c); margin-right: .55em; }
.strip { width: 150px; height: 18px; display: block; overflow: visible; }
.strip circle { fill: var(--c); fill-opacity: .55; } .strip .rail { stroke: var(--rule); } .strip .range { stroke: var(--c); stroke-width: 1.5; } .strip .mid { stroke: var(--c); stroke-width: 2.5; }
td.strip-cell { min-width: 174px; vertical-align: middle; }
.claims { list-style: none; margin: 1em 0; padding: 0; max-width: 52em; }
.claims li { display: grid; grid-template-columns: 9.4em 1fr; column-gap: 1.2em; padding: .75em 0; border-top: 1px solid var(--rule); }
.claims li:first-child { border-top: 0; }
.verdict { font: 600 .84rem/1.4 system-ui, -apple-system, "Segoe UI", Inter, sans-serif; padding: .3em 0 0 1.25em; text-indent: -1.25em; }
.verdict::before { display: inline-block; width: 1.25em; text-indent: 0; }
.reproduced { color: var(--good); } .reproduced::before { content: "✓"; }
.not-reproduced { color: var(--bad); } .not-reproduced::before { content: "✕"; }
.undecided { color: var(--open); } .undecided::before { content: "?"; }
.claims p { margin: 0; } .claims .note { margin-top: .15em; max-width: none; }
figure { margin: .8em 0 1.6em; }
figcaption { font-size: .82rem; line-height: 1.5; color: var(--soft); max-width: 52em; margin-top: .5em; }
.panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); gap: 18px 28px; }
.panels:has(> :only-child) { max-width: 520px; }
svg.panel { width: 100%; height: auto; display: block; overflow: visible; font-size: 11.5px; }
svg text { fill: var(--soft); } svg .title { fill: var(--ink); font-weight: 600; font-size: 12.5px; } svg .axis { font-size: 11.5px; }
.grid path { stroke: var(--rule); stroke-width: .7; } .ticks path, .base { stroke: var(--soft); stroke-width: .8; fill: none; }
.line .mean { fill: none; stroke: var(--c); stroke-width: 1.9; stroke-linejoin: round; stroke-linecap: round; } .line .dot { fill: var(--c); }
.line .band { fill: var(--c); fill-opacity: .14; } .line .cross { stroke: var(--c); stroke-width: 2; fill: none; } svg .label { fill: var(--c); font-weight: 600; font-size: 11.5px; }
.c0 { --c: var(--c0); } .c1 { --c: var(--c1); } .c2 { --c: var(--c2); } .c3 { --c: var(--c3); } .c4 { --c: var(--c4); } .c5 { --c: var(--c5); } .c6 { --c: var(--c6); } .c7 { --c: var(--c7); }
pre { font: .82rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; background: var(--faint); padding: .9em 1.1em; border-radius: 6px; overflow-x: auto; margin: .8em 0 1.2em; }
code { font: .92em ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .35em 1.4em; font-size: .86rem; margin: 0 0 1.2em; } dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
details { margin: .5em 0; } summary { cursor: pointer; font-size: .88rem; color: var(--soft); }
@media (max-width: 560px) { body { font-size: 16px; } main { padding: 28px 18px 64px; } h1 { font-size: 1.65rem; } .question { font-size: 1.08rem; }
  .stack, .stack tbody, .stack tr { display: block; } .stack thead { display: none; } .stack tr { padding: .5em 0; border-top: 1px solid var(--rule); }
  .stack td { display: block; position: relative; text-align: left; padding: .12em 0 .12em 6.5em; white-space: normal; min-width: 0; } .stack td::before { content: attr(data-label); color: var(--soft); position: absolute; left: 0; }
  th, td { padding-right: .9em; }
  .claims li { grid-template-columns: 1fr; } dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .6em; } svg.panel { font-size: 13px; } svg .axis, svg .label { font-size: 13px; } svg .title { font-size: 14px; } }
@media print { :root { color-scheme: light; } body { font-size: 10.5pt; } main { max-width: none; padding: 0; } figure, tr, .claims li { break-inside: avoid; } h2, h3 { break-after: avoid; } .scroll { overflow: visible; } }
`;
