// The sets of Grafana's libraries that the plugin must run with, beside those of
// package.json. Each is installed into a folder of its own when it is needed.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Grafana's version and React's. */
export const SETS = { '12.4.2': '18.3.1', '13.1.1': '18.3.1', '13.2.2': '^19.2.0' };

/**
 * Returns the folder of a set, installed.
 * @param {keyof typeof SETS} version
 */
export function install(version) {
  const folder = join(tmpdir(), 'epicurve-grafana-libraries', version);
  if (existsSync(`${folder}/node_modules/@grafana/ui/package.json`)) {
    return folder;
  }
  mkdirSync(folder, { recursive: true });
  const grafana = ['data', 'runtime', 'ui', 'i18n', 'schema'].map((name) => [`@grafana/${name}`, version]);
  const manifest = {
    private: true,
    dependencies: {
      ...Object.fromEntries(grafana),
      react: SETS[version],
      'react-dom': SETS[version],
      rxjs: '7.8.2',
      lodash: '^4.17.21',
      i18next: '^25.0.0',
    },
    // Older sets name a fork on GitHub; the same is published under another name.
    overrides: version.startsWith('12.') ? { 'react-data-grid': 'npm:@grafana/react-data-grid@7.0.0-beta.57' } : {},
  };
  writeFileSync(`${folder}/package.json`, JSON.stringify(manifest, null, 2));
  const { status } = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline'], {
    cwd: folder,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) {
    throw new Error(`npm install of Grafana's libraries ${version} ended with ${status}`);
  }
  return folder;
}
