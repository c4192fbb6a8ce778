import { studyError } from "@sluice/study";

/** Where a Redis is, and how it lets clients in. */
export interface RedisAddress {
  /** The address without user and password, for messages and for what is stored. */
  readonly shown: string;
  readonly host: string;
  readonly port: number;
  /** Number of the database; default 0. */
  readonly db: number;
  readonly username?: string;
  readonly password?: string;
  readonly encrypted: boolean;
}

/** The variable that may hold the password, so that it stands in no command and in no list of processes. */
export const PASSWORD_VARIABLE = "SLUICE_REDIS_PASSWORD";

const EXPECTED =
  "expected redis://host:6379, redis://user:password@host:6379 or, encrypted, rediss://host:6379; a database may follow, as in redis://host:6379/2";

/** Whether a text is meant to be the address of a Redis. */
export const isRedisAddress = (text: string): boolean => /^rediss?:/i.test(text);

/**
 * Reads the address of a Redis. A password that it does not have is read from `SLUICE_REDIS_PASSWORD`.
 *
 * @throws an error that does not repeat the text, because it may contain a password.
 */
export function redisAddress(
  text: string,
  environment: { readonly [name: string]: string | undefined } = process.env,
): RedisAddress {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !isRedisAddress(text) || url.hostname === "")
    throw studyError(`the address of Redis cannot be read; ${EXPECTED}`);
  if (!/^(\/\d*)?$/.test(url.pathname) || url.search !== "" || url.hash !== "")
    throw studyError(
      `the address of Redis on ${url.hostname} goes on after its port with something that is no number of a database; ${EXPECTED}`,
    );
  const db = Number(url.pathname.slice(1));
  const port = url.port === "" ? 6379 : Number(url.port);
  const password = decoded(url.password) || (environment[PASSWORD_VARIABLE] ?? "");
  return {
    shown: `${url.protocol}//${url.hostname}:${port}${db === 0 ? "" : `/${db}`}`,
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port,
    db,
    ...(url.username === "" ? {} : { username: decoded(url.username) }),
    ...(password === "" ? {} : { password }),
    encrypted: url.protocol === "rediss:",
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
