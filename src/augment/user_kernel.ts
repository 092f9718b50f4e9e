/** The WGSL of a caller's own operator. */
export interface UserKernel {
  /** Unique for the code. */
  readonly key: string;
  /** The caller's functions, with the struct of parameters before them. */
  readonly code: string;
}
