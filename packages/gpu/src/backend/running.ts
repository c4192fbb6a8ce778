/** A schedule on a device, with its constants, inputs and state. */
export interface Running {
  /** Fills a buffer that is kept between runs. */
  write(buffer: number, values: Float32Array): Promise<void>;
  /** Reads buffers that are kept between runs. */
  read(buffers: ReadonlySet<number>): Promise<ReadonlyMap<number, Float32Array>>;
  /**
   * Performs the steps, updates the state, and returns the values of the buffers in `results`. A run that fails leaves
   * the state unchanged.
   */
  run(results: ReadonlySet<number>): Promise<ReadonlyMap<number, Float32Array>>;
  dispose(): Promise<void>;
}
