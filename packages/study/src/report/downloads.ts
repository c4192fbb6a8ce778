import { html, type Markup } from "@sluice/figures/internal";

/** A file that a link of the page contains. */
export interface Download {
  /** The name that the browser saves it under. */
  readonly file: string;
  readonly type: "text/csv" | "image/svg+xml";
  readonly text: string;
}

/** Links that save files, which are inside the links. `of` says of what, for those who hear only the link. */
export function downloads(of: string, files: readonly Download[]): Markup {
  return html`<p class="downloads">
    ${files.map(({ file, type, text }) => {
      const kind = type === "text/csv" ? "CSV" : "SVG";
      return html`<a download="${file}" href="data:${type};charset=utf-8,${inLink(text)}" aria-label="${kind} of ${of}"
        >${kind}</a
      > `;
    })}
  </p>`;
}

/** As an address writes it: only what has a meaning there is replaced, because every replacement takes three bytes. */
function inLink(text: string): string {
  return text.replaceAll(/[%#"'<>&\s\\^`{|}]/g, (character) =>
    character === "'" ? "%27" : encodeURIComponent(character),
  );
}

/** A name for a file, of plain characters. */
export function fileName(...parts: readonly string[]): string {
  return parts.map((part) => part.replaceAll(/[^\w.]+/g, "-").replaceAll(/^-+|-+$/g, "")).join("-");
}

/** Comma-separated values (RFC 4180). `null` and numbers that are not finite are empty. */
export function csv(header: readonly string[], rows: readonly (readonly (string | number | null)[])[]): string {
  const cell = (value: string | number | null): string => {
    if (value === null || (typeof value === "number" && !Number.isFinite(value))) return "";
    const text = String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [header, ...rows].map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}
