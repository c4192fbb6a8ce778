import { messageOf, studyError, systemCode } from "@sluice/study";
import { Redis, type RedisOptions } from "ioredis";
import { PASSWORD_VARIABLE, type RedisAddress } from "./address.ts";

/** How long a command may take before Redis counts as gone. */
const COMMAND_MS = 10_000;
const OLDEST: readonly [number, number] = [6, 2];

/** A connection that can be closed for good. */
export interface Connection {
  readonly redis: Redis;
  /** The last thing that went wrong with it. */
  last(): unknown;
  /** Connects again, where a connection still looks open that says nothing any more. */
  renew(): void;
  close(): void;
}

/** Connections reconnect for ever. */
function connectionTo(address: RedisAddress, options: RedisOptions = {}): Connection {
  const { host, port, db, username, password, encrypted } = address;
  let closed = false;
  let last: unknown = new Error("the connection is closed");
  const redis = new Redis({
    host,
    port,
    db,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(encrypted ? { tls: {} } : {}),
    maxRetriesPerRequest: null,
    connectTimeout: COMMAND_MS,
    keepAlive: 10_000,
    disconnectTimeout: 300,
    // After a refused password, `disconnect` alone does not end the attempts.
    retryStrategy: (times) => (closed ? null : Math.min(100 * times, 2000)),
    ...options,
  });
  // Without a listener, ioredis prints what it hears.
  redis.on("error", (error) => void (last = error));
  return {
    redis,
    last: () => last,
    renew: () => redis.disconnect(true),
    close() {
      closed = true;
      redis.disconnect();
    },
  };
}

/** The connection of a BullMQ worker, which waits for ever. The line tells the user about Redis. */
export const patientConnection = (address: RedisAddress): Connection => connectionTo(address);

/**
 * Connects to a Redis. Later, commands of a connection that is lost fail within ten seconds, and it reconnects.
 *
 * @throws an error that says why there is no connection, if the first attempt fails.
 */
export async function connect(address: RedisAddress): Promise<Connection> {
  await tryOut(address);
  const connection = connectionTo(address, {
    commandTimeout: COMMAND_MS,
    autoResendUnfulfilledCommands: false,
    enableReadyCheck: false,
    lazyConnect: true,
  });
  try {
    await connection.redis.connect();
    return connection;
  } catch {
    connection.close();
    throw noConnection(address, connection.last());
  }
}

/** One attempt by a connection of its own: one that reconnects would ask again and again with a wrong password. */
async function tryOut(address: RedisAddress): Promise<void> {
  const { redis, last, close } = connectionTo(address, {
    retryStrategy: () => null,
    enableReadyCheck: false,
    lazyConnect: true,
  });
  let said: unknown = null;
  const timer = setTimeout(close, COMMAND_MS);
  try {
    await redis.connect();
    await checkServer(redis, address).catch((error: unknown) => {
      said = error;
      throw error;
    });
  } catch (error) {
    if (error instanceof Error && error.name === "StudyError") throw error;
    throw noConnection(address, said ?? last());
  } finally {
    clearTimeout(timer);
    close();
  }
}

async function checkServer(redis: Redis, { shown }: RedisAddress): Promise<void> {
  const about = await redis.info("server");
  const [, major = "0", minor = "0"] = /redis_version:(\d+)\.(\d+)/.exec(about) ?? [];
  const [oldest, least] = OLDEST;
  if (Number(major) < oldest || (Number(major) === oldest && Number(minor) < least))
    throw studyError(
      `${shown}: Redis ${major}.${minor} is too old for BullMQ, which needs ${OLDEST.join(".")} or newer`,
      new Error("too old"),
    );
}

/** Why there is no connection, and what to do about it. */
function noConnection({ shown, password }: RedisAddress, error: unknown): Error {
  const said = messageOf(error);
  if (/NOAUTH|WRONGPASS|invalid password|invalid username/i.test(said))
    return studyError(
      password === undefined
        ? `${shown}: Redis asks for a password. Set ${PASSWORD_VARIABLE}, or write redis://user:password@host:port`
        : `${shown}: Redis does not accept this user and password`,
      error,
    );
  return studyError(`${shown}: ${whyGone(error)}. ${ADVICE[systemCode(error) ?? ""] ?? ADVICE_ELSE}`, error);
}

const ADVICE: Readonly<Record<string, string>> = {
  ECONNREFUSED: "Start redis-server there, and check the port and that it listens for other machines (bind)",
  ENOTFOUND: "Check the name of the machine",
  EAI_AGAIN: "Check the name of the machine, and the network",
};
const ADVICE_ELSE = "Check the address, the network and the firewall";

/** Why there is no connection, in a few words. */
export function whyGone(error: unknown): string {
  const code = systemCode(error);
  if (code === "ECONNREFUSED") return "nothing answers there (ECONNREFUSED)";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return `no machine of this name is found (${code})`;
  const said = messageOf(error).split("\n")[0] ?? "";
  return /timed out|timeout|ETIMEDOUT/i.test(said) ? "no answer in time" : said;
}
