import type { JSX } from 'preact';
import { useId, useRef, useState } from 'preact/hooks';

/** Something to choose. */
export interface Option {
  readonly value: string;
  readonly detail?: string;
}

interface Props {
  readonly label: string;
  readonly value: string;
  readonly options: readonly Option[];
  readonly placeholder?: string;
  readonly onChange: (value: string) => void;
}

/** Options that are listed at once: nobody reads more. */
const SHOWN = 60;

/** A text field with suggestions; what is typed need not be among them. Arrow keys choose, Enter takes, Escape closes. */
export function Combo({ label, value, options, placeholder, onChange }: Props): JSX.Element {
  const id = useId();
  const [typed, setTyped] = useState<string | undefined>(undefined);
  const [active, setActive] = useState(-1);
  const [open, setOpen] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const words = (typed ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  const fitting = options
    .filter((one) => words.every((word) => `${one.value} ${one.detail ?? ''}`.toLowerCase().includes(word)))
    .slice(0, SHOWN);
  const take = (text: string): void => {
    setTyped(undefined);
    setOpen(false);
    setActive(-1);
    if (text !== value) onChange(text);
  };
  const step = (by: number): void => {
    setOpen(true);
    const next = Math.min(Math.max(active + by, -1), fitting.length - 1);
    setActive(next);
    document.getElementById(`${id}-${next}`)?.scrollIntoView({ block: 'nearest' });
  };
  const shown = open && fitting.length > 0;
  return (
    <div class="combo">
      <label for={id}>{label}</label>
      <input
        id={id}
        ref={input}
        type="text"
        role="combobox"
        autocomplete="off"
        spellcheck={false}
        aria-expanded={shown}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={active >= 0 ? `${id}-${active}` : undefined}
        placeholder={placeholder}
        value={typed ?? value}
        onFocus={() => input.current?.select()}
        onClick={() => setOpen(true)}
        onInput={({ currentTarget }) => {
          setTyped(currentTarget.value);
          setActive(-1);
          setOpen(true);
        }}
        onBlur={() => {
          if (typed !== undefined) take(typed.trim());
          setOpen(false);
        }}
        onKeyDown={(event) => {
          if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
            event.preventDefault();
            step(event.key === 'ArrowDown' ? 1 : -1);
          } else if (event.key === 'Enter') {
            event.preventDefault();
            take(fitting[active]?.value ?? (typed ?? value).trim());
          } else if (event.key === 'Escape' && open) {
            event.stopPropagation();
            setOpen(false);
            setTyped(undefined);
          }
        }}
      />
      <ul id={`${id}-list`} role="listbox" aria-label={label} hidden={!shown}>
        {shown &&
          fitting.map((option, at) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are those of the text field that the list belongs to
            <li
              key={option.value}
              id={`${id}-${at}`}
              role="option"
              aria-selected={at === active}
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => take(option.value)}
            >
              <span class="option-value">{option.value}</span>
              {option.detail !== undefined && <span class="option-detail">{option.detail}</span>}
            </li>
          ))}
      </ul>
    </div>
  );
}
