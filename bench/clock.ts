/**
 * `wall`: time as it passes. `cpu`: time that the process's threads spent on processors, for a machine that does other
 * work meanwhile; it says something about one thread only, and counts against a contender what its garbage collector
 * does beside it.
 */
export type Clock = keyof typeof clocks;

/** Milliseconds since some moment. */
export const clocks = {
  wall: () => performance.now(),
  cpu: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
} as const;
