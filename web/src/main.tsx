import { render } from 'preact';
import { App } from './App.tsx';
import { applyPreferences } from './state/preferences.ts';
import { start } from './state/start.ts';

applyPreferences();
const root = document.getElementById('app');
if (root !== null) render(<App />, root);
void start();
