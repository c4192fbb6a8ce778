import { html, type Markup } from "@sluice/figures/internal";

/** A part of the page, with a heading that the contents list leads to. */
export interface Section {
  readonly id: string;
  readonly title: string;
  readonly body: Markup;
  /** Headings within it that the contents list names too. */
  readonly parts?: readonly SectionPart[];
}

export interface SectionPart {
  readonly id: string;
  readonly title: string;
}

/** Draws a part of the page, or a note where that fails. */
export type Part = <T>(what: string, draw: () => T) => T | Markup;

export function drawnSection({ id, title, body }: Section): Markup {
  return html`<section id="${id}" aria-labelledby="${id}-title">
    <h2 id="${id}-title">${title}</h2>
    ${body}
  </section>`;
}

/** The list of all sections. */
export function contents(sections: readonly Section[]): Markup {
  return html`<nav class="contents" aria-label="Contents">
    <ul>
      ${sections.map(
        ({ id, title, parts = [] }) =>
          html`<li>
            <a href="#${id}">${title}</a>${
              parts.length > 0 &&
              html`<ul>
                ${parts.map((part) => html`<li><a href="#${part.id}">${part.title}</a></li>`)}
              </ul>`
            }
          </li>`,
      )}
    </ul>
  </nav>`;
}

/** An id for a name, which may have any characters: the name if it is a plain word, else its place in its list. */
export function idOf(kind: string, name: string, index: number): string {
  return /^[A-Za-z][\w-]*$/.test(name) ? `${kind}-${name}` : `${kind}-${index + 1}`;
}
