/** The same thing of both inputs. */
export interface Sides<T> {
  readonly old: T;
  readonly new: T;
}

/** The two inputs, in the order in which they are told. */
export const SIDES: readonly (keyof Sides<unknown>)[] = ['old', 'new'];

/** Makes one thing for each side. */
export function bothSides<T>(make: (side: keyof Sides<unknown>) => T): Sides<T> {
  return { old: make('old'), new: make('new') };
}
