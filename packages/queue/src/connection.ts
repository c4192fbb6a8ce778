import { messageOf, studyError, systemCode } from "@sluice/study";
import { Redis, type RedisOptions } from "ioredis";
import { PASSWORD_VARIABLE, type RedisAddress } from "./address.ts";

/** How long a command may take before Redis counts as gone. */
const COMMAND_MS = 10_000;
const OLDEST: readonly [number, number] = [6, 2];

/** What all connections have in common: they reconnect for ever, and notice a peer that says nothing. */
function connectionOptions(address: RedisAddress): RedisOptions {
  const { host, port, db, username, password, encrypted } = address;
  return {
    host,
    port,
    db,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(encrypted ? { tls: {} } : {}),
    maxRetriesPerRequest: null,
    connectTimeout: COMMAND_MS,
    // A blocking command of BullMQ waits for at most ten seconds.
    socketTimeout: 20_000,
    keepAlive: 10_000,
    retryStrategy: (times) => Math.min(100 * times, 2000),
  };
}

/** The connection of a BullMQ worker, which waits for ever. The line tells the user about Redis. */
export function patientConnection(address: RedisAddress): Redis {
  const redis = new Redis(connectionOptions(address));
  redis.on("error", () => {});
  return redis;
}

/**
 * Connects to a Redis. Later, commands of a connection that is lost fail within ten seconds, and it reconnects.
 *
 * @throws an error that says why there is no connection, if the first attempt fails.
 */
export async function connect(address: RedisAddress): Promise<Redis> {
  const redis = new Redis({
    ...connectionOptions(address),
    commandTimeout: COMMAND_MS,
    socketTimeout: COMMAND_MS,
    autoResendUnfulfilledCommands: false,
    enableReadyCheck: false,
    lazyConnect: true,
  });
  let last: unknown = null;
  // Without a listener, ioredis prints what it hears.
  redis.on("error", (error) => void (last = error));
  try {
    await redis.connect();
    await checkServer(redis, address);
    return redis;
  } catch (error) {
    redis.disconnect();
    throw error instanceof Error && error.name === "StudyError" ? error : noConnection(address, last ?? error);
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
