import { defineConfig } from 'eslint/config';
import baseConfig from './.config/eslint.config.mjs';

export default defineConfig([
  { ignores: ['**/node_modules/', '**/dist/', '**/coverage/', '.config/', 'bin/', 'testdata/', 'docs/', 'test-results/'] },
  ...baseConfig,
  {
    files: ['src/**/*.{ts,tsx}', 'dashboards/**/*.ts', 'test/**/*.{ts,tsx}'],
    rules: {
      'max-lines': ['error', 200],
      'no-console': 'error',
    },
  },
]);
