// The run's side: an executor whose trials wait in a queue
export { redisWorkers, type RedisWorkersOptions } from "./redis-workers.ts";

// The other machines' side
export { startWorker, type TrialWorker, type WorkerEvent, type WorkerOptions } from "./worker/worker.ts";

// Addresses
export { isRedisAddress, redisAddress, type RedisAddress } from "./address.ts";
