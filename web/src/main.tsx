import { render } from 'preact';
import { App } from './App.tsx';
import { followLocale } from './state/language.ts';
import { applyPreferences } from './state/preferences.ts';
import { start } from './state/start.ts';

applyPreferences();
followLocale();
const root = document.getElementById('app');
// What is there says that no script runs.
root?.replaceChildren();
if (root !== null) render(<App />, root);
void start();
