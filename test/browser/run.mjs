// npm run browser: the built plugin in a real browser, with its real back end
// and a real archive. Needs dist/ (npm run build), Go and Debian's chromium.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';

import { bundle } from './bundle.mjs';

export const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

if (!existsSync(CHROMIUM)) {
  process.stdout.write(`skipped: the browser check needs ${CHROMIUM} (apt-get install chromium), or CHROMIUM=path\n`);
  process.exit(0);
}
if (!existsSync('dist/module.js')) {
  process.stderr.write('dist/module.js is missing: run "npm run build" first\n');
  process.exit(1);
}
mkdirSync('test-results/browser', { recursive: true });
await bundle('test-results/browser/shell.js');
const { status } = spawnSync(
  'go',
  ['test', './pkg/plugin', '-run', '^TestBrowser$', '-count=1', '-v', '-timeout', '8m'],
  {
    stdio: 'inherit',
    env: { ...process.env, EPICURVE_BROWSER: '1', CHROMIUM },
  }
);
process.exit(status ?? 1);
