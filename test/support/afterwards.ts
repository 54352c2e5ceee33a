const undos: (() => void | Promise<void>)[] = [];

/** Has something undone after the tests of the file, wherever it is asked for: `afterAll` within a test is never called. */
export function afterwards(undo: () => void | Promise<void>): void {
  undos.push(undo);
}

/** Undoes all of it, the last first. */
export async function undoAll(): Promise<void> {
  for (let undo = undos.pop(); undo !== undefined; undo = undos.pop()) await undo();
}
