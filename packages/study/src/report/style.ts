import { series, surface } from "@sluice/figures/internal";

type Shade = "light" | "dark";

/** Colours of the page beyond those of figures: a background of code, and the three verdicts. */
export const own = {
  faint: { light: "#f3f3ee", dark: "#1d2024" },
  good: { light: "#00684a", dark: "#4fd1a5" },
  bad: { light: "#a63c06", dark: "#ff9a62" },
  open: { light: "#6b6354", dark: "#c9bda3" },
} as const;

/** The page's colors and those of up to eight variants, which are the colors of all figures. */
const variables = (shade: Shade): string =>
  [
    ...Object.entries({ ...surface, ...own }).map(([name, colour]) => `--${name}: ${colour[shade]};`),
    ...series.map((colour, index) => `--c${index}: ${colour[shade]};`),
  ].join(" ");

const SANS =
  'system-ui, -apple-system, "Segoe UI", Inter, Roboto, "Helvetica Neue", "Liberation Sans", Arial, sans-serif';
const MONO = 'ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace';

const TEXT = `
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-padding-top: 1rem; }
body { margin: 0 auto; padding: 48px 32px 80px; max-width: 1144px; background: var(--page); color: var(--ink); font: 17px/1.55 Charter, "Bitstream Charter", "Iowan Old Style", "Palatino Linotype", Georgia, serif; }
p { max-width: 42em; margin: 0 0 .8em; text-wrap: pretty; overflow-wrap: break-word; }
a { color: inherit; text-underline-offset: .15em; text-decoration-thickness: .06em; text-decoration-color: var(--soft); } a:hover { text-decoration-thickness: .12em; }
:focus-visible { outline: 2px solid var(--c0); outline-offset: 2px; border-radius: 2px; }
h1 { font-size: 2.15rem; line-height: 1.15; font-weight: 600; letter-spacing: -.012em; margin: .15em 0 .4em; text-wrap: balance; overflow-wrap: break-word; }
h2 { font-size: 1.3rem; font-weight: 600; margin: 2.2em 0 .5em; padding-top: .7em; border-top: 1px solid var(--rule); }
h3 { font-size: 1rem; font-weight: 600; margin: 1.6em 0 .5em; }
.kicker, .facts, .note, .contents, .downloads, table, dl, summary { font-family: ${SANS}; }
.kicker { font-size: .8rem; color: var(--soft); letter-spacing: .02em; margin: 0; }
.question { font-size: 1.2rem; line-height: 1.45; max-width: 36em; }
.facts { font-size: .85rem; color: var(--soft); max-width: none; }
.note { font-size: .85rem; line-height: 1.5; color: var(--soft); }
.soft { color: var(--soft); }
.heard { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: -999em; } .skip:focus { left: 1em; top: 1em; background: var(--page); padding: .4em .8em; }
.contents { font-size: .85rem; line-height: 1.4; margin: 1.6em 0 0; }
.contents ul { list-style: none; margin: 0; padding: 0; display: flex; flex-wrap: wrap; gap: .35em 1.3em; } .contents ul ul { display: none; }
.downloads { font-size: .76rem; margin: .1em 0 .6em; } .downloads a { color: var(--soft); margin-right: .8em; padding: .2em 0; }
pre { font: .82rem/1.5 ${MONO}; background: var(--faint); padding: .9em 1.1em; border-radius: 6px; overflow-x: auto; margin: .8em 0 1.2em; }
code { font: .92em ${MONO}; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .35em 1.4em; font-size: .86rem; margin: 0 0 1.2em; } dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
details { margin: .5em 0; } summary { cursor: pointer; font-size: .88rem; color: var(--soft); }
`;

const TABLES = `
.scroll { overflow-x: auto; margin: .6em 0 1em; }
table { border-collapse: collapse; font-size: .86rem; line-height: 1.35; font-variant-numeric: tabular-nums lining-nums; min-width: 60%; }
th, td { text-align: left; padding: .42em 1.1em .42em 0; vertical-align: baseline; }
th:last-child, td:last-child { padding-right: 0; }
th { font-weight: 500; color: var(--soft); border-bottom: 1px solid var(--rule); }
thead th { vertical-align: bottom; }
tbody th { color: var(--ink); border: 0; overflow-wrap: break-word; min-width: 8.5em; max-width: 16em; padding-left: 32px; text-indent: -32px; } tr.task th { padding-left: 0; text-indent: 0; max-width: none; }
tbody td, .option { white-space: nowrap; }
td.wrap { white-space: normal; min-width: 15em; max-width: 34em; overflow-wrap: anywhere; }
.number { text-align: right; }
td:not(.wrap) code { white-space: nowrap; }
td strong { font-weight: 500; } td strong.best { font-weight: 700; }
.mark { display: inline-block; width: 1.2em; text-align: left; }
.effect { font-size: .92em; color: var(--soft); }
.main { min-width: 100%; } .main .delta { white-space: nowrap; } .delta::before { content: "· "; } .many th, .many td { padding-right: .9em; } .many .delta { display: block; } .many .delta::before { content: none; } .main tbody th { position: sticky; left: 0; background: var(--page); } .main tr + tr td, .main tr + tr th { border-top: 1px solid var(--rule); } .main tr.task + tr td, .main tr.task + tr th { border-top: 0; }
.metrics { display: flex; flex-wrap: wrap; column-gap: 4em; } .metrics > div { min-width: min(100%, 20em); max-width: 100%; } .metrics table { min-width: 100%; }
tr.task th { padding-top: 1.2em; font-weight: 600; }
tr.task td { padding-top: 1.2em; color: var(--soft); }
.key { display: inline-block; width: 22px; height: 10px; margin-right: 10px; vertical-align: baseline; } .key path { stroke: var(--c); stroke-width: 2.4; fill: none; }
.strip { width: 150px; height: 18px; display: block; overflow: visible; }
.strip circle { fill: var(--c); fill-opacity: .55; } .strip .rail { stroke: var(--rule); } .strip .mid { stroke: var(--c); stroke-width: 2.5; }
td.strip-cell { min-width: 174px; vertical-align: middle; }
${series.map((_, index) => `.c${index} { --c: var(--c${index}); }`).join(" ")}
`;

const CLAIMS = `
.claims { list-style: none; margin: 1em 0; padding: 0; max-width: 52em; }
.claims li { display: grid; grid-template-columns: 9.4em 1fr; column-gap: 1.2em; padding: .75em 0; border-top: 1px solid var(--rule); }
.claims li:first-child { border-top: 0; }
.verdict { font: 600 .84rem/1.4 ${SANS}; padding: .3em 0 0 1.25em; text-indent: -1.25em; }
.verdict::before { display: inline-block; width: 1.25em; text-indent: 0; }
.reproduced { color: var(--good); } .reproduced::before { content: "✓" / ""; }
.not-reproduced { color: var(--bad); } .not-reproduced::before { content: "✕" / ""; }
.undecided { color: var(--open); } .undecided::before { content: "?" / ""; }
.claims p { margin: 0; } .claims .note { margin-top: .15em; max-width: none; }
`;

const FIGURES = `
.panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 355px), 1fr)); gap: 10px 24px; }
figure.panel { margin: 0; min-width: 0; max-width: 500px; } figure.panel > svg { width: 100%; height: auto; display: block; }
`;

const WIDTHS = `
@media (min-width: 1240px) {
  body { display: grid; grid-template-columns: 172px minmax(0, 1080px); column-gap: 48px; max-width: 1364px; align-items: start; }
  body > header, body > main { grid-column: 2; }
  .contents { grid-column: 1; grid-row: 1 / span 2; position: sticky; top: 32px; margin: 0; max-height: calc(100vh - 64px); overflow-y: auto; }
  .contents ul { display: block; } .contents ul ul { display: block; margin: .25em 0 .6em .9em; } .contents li { margin: .4em 0; } .contents ul ul li { margin: .2em 0; } .contents ul ul a { color: var(--soft); }
}
@media (min-width: 561px) and (max-width: 1000px) {
  .main { font-size: .78rem; } .main th, .main td { padding-right: .8em; } .main .delta { display: block; } .delta::before { content: none; } .many thead th { max-width: 7.5em; }
}
@media (max-width: 560px) {
  body { font-size: 16px; padding: 28px 18px 64px; } h1 { font-size: 1.65rem; } .question { font-size: 1.08rem; }
  .stack, .stack tbody, .stack tr, .stack tbody th { display: block; } .stack thead { display: none; } .stack tr, .main tr + tr { padding: .5em 0; border-top: 1px solid var(--rule); } .stack tr.task { border: 0; padding: 0; }
  .stack td, .main tr + tr td, .main tr + tr th { border: 0; }
  .stack td { display: grid; grid-template-columns: 9em minmax(0, 1fr); column-gap: .8em; text-align: left; padding: .12em 0; white-space: normal; min-width: 0; } .stack td::before { content: attr(data-label); color: var(--soft); } .stack td > div { grid-column: 2; }
  .many .delta { display: inline; } .many .delta::before { content: "· "; }
  .stack td.none { display: none; }
  .stack .mark { width: auto; margin-right: .3em; }
  th, td { padding-right: .9em; }
  .claims li { grid-template-columns: 1fr; } dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .6em; }
}
`;

// Closed details are printed too. A table that is wider than the paper breaks its lines instead of being cut off.
const PRINT = `
@page { margin: 16mm 14mm; }
@media print {
  :root { color-scheme: light; --page: #fff; } svg.sluice-figure { --sluice-page: #fff; }
  body { display: block; font-size: 10pt; max-width: none; padding: 0; } h2 { margin-top: 1.4em; }
  .contents, .downloads, .skip { display: none; }
  .scroll { overflow: visible; } table { font-size: 7.6pt; width: 100%; } th, td { padding: .25em .7em .25em 0; } tbody td { white-space: normal; } td.wrap { min-width: 0; } .main { font-size: 6.8pt; } .value, .effect { white-space: nowrap; } .delta { display: block; } .main .delta::before { content: none; } .strip { width: 90px; height: 11px; } td.strip-cell { min-width: 96px; }
  .panels { grid-template-columns: 1fr 1fr; } thead { display: table-header-group; }
  figure, tr, .claims li { break-inside: avoid; } h2, h3 { break-after: avoid; }
  pre { white-space: pre-wrap; } details::details-content { content-visibility: visible; height: auto; }
}
`;

/** The page's style. */
export const STYLE = `
:root { color-scheme: light dark; ${variables("light")} }
@media (prefers-color-scheme: dark) { :root { ${variables("dark")} } }
${TEXT}${TABLES}${CLAIMS}${FIGURES}${WIDTHS}${PRINT}`;
