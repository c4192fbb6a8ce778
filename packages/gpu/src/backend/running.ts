/** A schedule on a device, with its constants, inputs and state. */
export interface Running {
  /** Fills a buffer that stays between runs. */
  write(buffer: number, values: Float32Array): Promise<void>;
  /** Values of buffers that stay between runs. */
  read(buffers: ReadonlySet<number>): Promise<ReadonlyMap<number, Float32Array>>;
  /**
   * Performs the steps, takes the state on, and gives the values of buffers that results are in. A run that fails
   * leaves the state as it was.
   */
  run(results: ReadonlySet<number>): Promise<ReadonlyMap<number, Float32Array>>;
  dispose(): Promise<void>;
}
