/**
 * What V8 may take for granted when it compiles. As long as a thread has never given an ArrayBuffer away, its code leaves
 * out the question whether one is still there; the first transfer throws all code away that touches a typed array, which
 * is most of what a query runs. Threads that will transfer give one away before anything is compiled.
 */
export function expectTransfers(): void {
  const buffer = new ArrayBuffer(1);
  structuredClone(buffer, { transfer: [buffer] });
}
