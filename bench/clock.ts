/**
 * `wall`: elapsed time. `cpu`: CPU time of all threads of the process, for a machine that is busy with other work.
 * `cpu` is meaningful for one thread only, and it includes the garbage collector's threads.
 */
export type Clock = keyof typeof clocks;

/** Milliseconds since an arbitrary moment. */
export const clocks = {
  wall: () => performance.now(),
  cpu: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
} as const;
