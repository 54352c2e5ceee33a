import { render } from 'preact';
import { App } from './App.tsx';
import { followLocale } from './state/language.ts';
import { applyPreferences } from './state/preferences.ts';
import { start } from './state/start.ts';

applyPreferences();
followLocale();
const root = document.getElementById('app');
if (root !== null) render(<App />, root);
void start();
