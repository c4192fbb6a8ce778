import type { Body } from "./body.ts";
import { i32 } from "./integer.ts";

/** Executes statements `count` times. `count` is known when the code is generated. */
export function times(body: Body, count: number, write: () => void): void {
  if (count <= 0) return;
  if (count === 1) {
    write();
    return;
  }
  const left = body.local("i32", "left");
  body.set(left, count);
  body.repeatWhile(left, () => {
    write();
    body.set(left, i32.sub(left, 1));
  });
}
