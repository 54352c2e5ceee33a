import type { JSX } from 'preact';
import { Icon, type IconName } from './icons.tsx';

interface IconButtonProps {
  readonly icon: IconName;
  /** What it does: its name for who cannot see it, and what is told of it to who points at it. */
  readonly label: string;
  readonly size?: number;
  readonly disabled?: boolean;
  readonly onClick: () => void;
}

/** A button that shows a drawing only. */
export function IconButton({ icon, label, size = 16, disabled = false, onClick }: IconButtonProps): JSX.Element {
  return (
    <button type="button" class="icon-button" aria-label={label} title={label} disabled={disabled} onClick={onClick}>
      <Icon name={icon} size={size} />
    </button>
  );
}
