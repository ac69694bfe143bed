/** Runs a computation that could be paused to its end, all at once. */
export function finish<T>(computation: Generator<unknown, T>): T {
  for (;;) {
    const step = computation.next();
    if (step.done === true) return step.value;
  }
}
