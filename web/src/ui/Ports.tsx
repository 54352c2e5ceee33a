import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { t } from '../i18n/index.ts';

/** Ports that are listed at first. */
const LISTED = 8;

/** The first of many ports, and how many more there are. */
export function fewPorts(text: string): string {
  const ports = text.split(', ');
  return ports.length <= LISTED + 1 ? text : `${ports.slice(0, LISTED).join(', ')}, +${ports.length - LISTED}`;
}

/** Ports of a connection; all of many when asked for. */
export function Ports({ text }: { readonly text: string }): JSX.Element {
  const [all, setAll] = useState(false);
  const few = fewPorts(text);
  return (
    <span class="ports">
      {all ? text : few}
      {few !== text && !all && (
        <button type="button" class="link" onClick={() => setAll(true)}>
          {t('show-all', { n: text.split(', ').length })}
        </button>
      )}
    </span>
  );
}
