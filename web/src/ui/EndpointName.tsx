import type { JSX } from 'preact';

/** A long name breaks before its kind rather than in a word. */
export function EndpointName({ id }: { readonly id: string }): JSX.Element {
  const at = id.indexOf('[');
  if (at < 0) return <>{id}</>;
  return (
    <>
      {id.slice(0, at)}
      <wbr />
      {id.slice(at)}
    </>
  );
}
