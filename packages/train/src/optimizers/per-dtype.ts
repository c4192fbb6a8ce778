import type { DType } from "@sluice/tensor";

/** `make`, evaluated once per dtype: scalars of a step that all its parameters share. */
export function perDtype<T>(make: (dtype: DType) => T): (dtype: DType) => T {
  const made = new Map<DType, T>();
  return (dtype) => {
    const value = made.get(dtype) ?? make(dtype);
    made.set(dtype, value);
    return value;
  };
}
