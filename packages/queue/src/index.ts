// The run's side: an executor whose trials wait in a queue
export { openQueue, type QueueOptions, type TrialQueue } from "./queue.ts";

// The other machines' side
export { startWorker, type TrialWorker, type WorkerEvent, type WorkerOptions } from "./worker/worker.ts";

// Addresses
export { isRedisAddress, redisAddress, type RedisAddress } from "./address.ts";
