import { studyError } from "./error.ts";

/** A sentence that somebody wrote about a run or a trial. */
export interface Note {
  readonly text: string;
  /** When it was written, as ISO 8601 in UTC. */
  readonly written: string;
}

/** What people say about a run or a trial. It is no part of any identity, and no result depends on it. */
export interface Annotations {
  /** In the order of letters, each once. */
  readonly tags: readonly string[];
  /** In the order in which they were written. */
  readonly notes: readonly Note[];
}

/** Nothing was said. */
export const NO_ANNOTATIONS: Annotations = { tags: [], notes: [] };

/**
 * With more tags, or without some. One that is there already, or not there, changes nothing.
 *
 * @throws an error for a tag that is no word.
 */
export function withTags(
  { tags, notes }: Annotations,
  { add = [], remove = [] }: { readonly add?: readonly string[]; readonly remove?: readonly string[] },
): Annotations {
  const kept = [...tags, ...add.map(checkedTag)].filter((tag) => !remove.includes(tag));
  return { tags: [...new Set(kept)].sort(), notes };
}

/** A tag is a word, so that lists of tags and filters need no quotes. */
function checkedTag(tag: string): string {
  if (/^[\p{L}\p{N}][\p{L}\p{N}._:/+-]*$/u.test(tag) && tag.length <= 64) return tag;
  throw studyError(
    `"${tag}" is no tag; expected a word of at most 64 letters, digits, ., _, :, /, + or -. Longer texts are notes`,
  );
}

/**
 * With one more note.
 *
 * @throws an error for a note without text.
 */
export function withNote({ tags, notes }: Annotations, note: Note): Annotations {
  const text = note.text.trim();
  if (text === "") throw studyError("a note needs a text");
  return { tags, notes: [...notes, { ...note, text }] };
}

/**
 * Without the note of a number, counted from 1.
 *
 * @throws an error if there is no such note.
 */
export function withoutNote({ tags, notes }: Annotations, number: number): Annotations {
  if (notes[number - 1] === undefined)
    throw studyError(
      `there is no note ${number}; there ${notes.length === 1 ? "is 1 note" : `are ${notes.length} notes`}`,
    );
  return { tags, notes: notes.toSpliced(number - 1, 1) };
}

/** Whether anything was said. */
export const isAnnotated = ({ tags, notes }: Annotations): boolean => tags.length + notes.length > 0;
