// npm run browser: the built plugin in a real browser, with its real back end
// and a real archive; "npm run browser -- all" repeats it with every set of Grafana's
// libraries. Needs dist/ (npm run build), Go and Debian's chromium.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';

import { bundle } from './bundle.mjs';
import { install, SETS } from './libraries.mjs';

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
// Without arguments the libraries are those of package.json; "all" is every set.
const wanted = process.argv.slice(2);
const versions = wanted.includes('all') ? Object.keys(SETS) : wanted.length > 0 ? wanted : [undefined];
for (const version of versions) {
  process.stdout.write(`browser check with Grafana's libraries ${version ?? 'of package.json'}\n`);
  await bundle('test-results/browser/shell.js', version && install(version));
  const { status } = spawnSync(
    'go',
    ['test', './pkg/plugin', '-run', '^TestBrowser$', '-count=1', '-v', '-timeout', '8m'],
    {
      stdio: 'inherit',
      env: {
        ...process.env,
        EPICURVE_BROWSER: '1',
        EPICURVE_REACT: version ? SETS[version].replace(/^\D/, '') : '',
        CHROMIUM,
      },
    }
  );
  if (status !== 0) {
    process.exit(status ?? 1);
  }
}
