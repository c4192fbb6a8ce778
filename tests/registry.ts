/** A package registry on this machine, as far as `publish` and `install` need one. */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";

interface Document {
  readonly name: string;
  readonly versions: Record<string, { readonly dist: Record<string, string> }>;
  readonly "dist-tags": Record<string, string>;
  readonly _attachments?: Record<string, { readonly data: string }>;
}

export interface Registry {
  readonly address: string;
  /** What was published: by name, the versions in the order in which they came. */
  readonly published: ReadonlyMap<string, readonly string[]>;
  close(): void;
}

/** Stores what is published to it, and redirects all other requests to the registry at `upstream`. */
export async function registry(upstream: string): Promise<Registry> {
  const documents = new Map<string, Document>();
  const published = new Map<string, string[]>();
  const tarballs = new Map<string, Buffer>();

  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname.slice(1));
    const tarball = tarballs.get(path);
    const document = documents.get(path);
    if (request.method === "PUT")
      return void bodyOf(request).then((body) => response.writeHead(...keep(JSON.parse(body), address())).end("{}"));
    if (tarball !== undefined) return void response.end(tarball);
    if (document !== undefined)
      return void response.setHeader("content-type", "application/json").end(JSON.stringify(document));
    if (/^(@sluice\/|(create-)?sluice$)/.test(path)) return void response.writeHead(404).end("{}");
    response.writeHead(302, { location: new URL(request.url ?? "/", upstream).href }).end();
  });

  function keep({ _attachments = {}, ...next }: Document, from: string): [status: number] {
    const before = documents.get(next.name);
    for (const [version, { dist }] of Object.entries(next.versions)) {
      if (before?.versions[version] !== undefined) return [409];
      const [attachment] = Object.values(_attachments);
      if (attachment === undefined) return [400];
      const bytes = Buffer.from(attachment.data, "base64");
      const path = `${next.name}/-/${version}.tgz`;
      tarballs.set(path, bytes);
      Object.assign(dist, {
        tarball: `${from}${path}`,
        integrity: `sha512-${createHash("sha512").update(bytes).digest("base64")}`,
      });
      published.set(next.name, [...(published.get(next.name) ?? []), version]);
    }
    documents.set(next.name, {
      ...next,
      versions: { ...before?.versions, ...next.versions },
      "dist-tags": { ...before?.["dist-tags"], ...next["dist-tags"] },
    });
    return [201];
  }

  const address = (): string => {
    const at = server.address();
    return `http://127.0.0.1:${typeof at === "object" && at !== null ? at.port : 0}/`;
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: address(),
    published,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString();
}
