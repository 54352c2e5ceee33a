import { effect, signal } from '@preact/signals';

export type Locale = 'en' | 'zh';
export type Theme = 'light' | 'dark';

/** What was chosen before; a browser that keeps nothing is no error. */
function stored(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function store(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Private windows may refuse: the choice then lasts as long as the page.
  }
}

const LOCALE = 'portcullis.locale';
const THEME = 'portcullis.theme';

function firstLocale(): Locale {
  const chosen = stored(LOCALE);
  if (chosen === 'en' || chosen === 'zh') return chosen;
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

const dark = matchMedia('(prefers-color-scheme: dark)');

function firstTheme(): Theme {
  const chosen = stored(THEME);
  if (chosen === 'light' || chosen === 'dark') return chosen;
  return dark.matches ? 'dark' : 'light';
}

export const locale = signal<Locale>(firstLocale());
export const theme = signal<Theme>(firstTheme());

export function chooseLocale(next: Locale): void {
  locale.value = next;
  store(LOCALE, next);
}

export function chooseTheme(next: Theme): void {
  theme.value = next;
  store(THEME, next);
}

/** Keeps the document to what is chosen. */
export function applyPreferences(): void {
  dark.addEventListener('change', () => {
    if (stored(THEME) === null) theme.value = dark.matches ? 'dark' : 'light';
  });
  effect(() => {
    document.documentElement.lang = locale.value === 'zh' ? 'zh-CN' : 'en';
    document.documentElement.dataset['theme'] = theme.value;
  });
}
