import { createWriteStream, statSync } from "node:fs";
import { relative, sep } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { filesBelow } from "./files.ts";

/** Options of {@link writeArchive}. */
export interface ArchiveOptions {
  /** The name of the one folder in the archive. */
  readonly name: string;
  /** The date of every file in it. */
  readonly date: Date;
}

/**
 * Packs a folder as `.tar.gz`. The same files make the same bytes: they are sorted, have one date, no owner, and only
 * whether they can be executed of their rights.
 */
export async function writeArchive(folder: string, target: string, { name, date }: ArchiveOptions): Promise<void> {
  // Loaded here because only an archive needs it.
  const { packTar } = await import("modern-tar/fs");
  const entries = filesBelow(folder).map((source) => ({
    type: "file" as const,
    source,
    target: `${name}/${relative(folder, source).split(sep).join("/")}`,
    mode: (statSync(source).mode & 0o100) === 0 ? 0o644 : 0o755,
    mtime: date,
    uid: 0,
    gid: 0,
  }));
  await pipeline(packTar(entries), createGzip(), createWriteStream(target, { flags: "wx" }));
}
