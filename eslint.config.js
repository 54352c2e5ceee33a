import tseslint from 'typescript-eslint';

// Biome formats and lints; only rules that need types live here.
export default [
  {
    files: ['src/**/*.ts', 'test/**/*.ts', 'bench/src/**/*.ts', '*.config.ts', 'web/**/*.{ts,tsx}'],
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { project: ['tsconfig.json', 'web/tsconfig.json'], tsconfigRootDir: import.meta.dirname },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    plugins: { '@typescript-eslint': tseslint.plugin },
    rules: {
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      // A union that grows must be handled everywhere it is switched on; who writes a default has decided.
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
  { ignores: ['**/dist/', 'coverage/', '**/node_modules/', 'scripts/', '**/*.js', '**/*.mjs'] },
];
