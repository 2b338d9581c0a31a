// npm run e2e: the specs of this folder against the Grafana at GRAFANA_URL.
//
// It needs that Grafana to have the plugin from dist/, the files of provisioning/
// and an archive that was filled by "epicurve-archive seed"; docker compose up
// brings up all of it. GRAFANA_USER and GRAFANA_PASSWORD are admin and admin
// unless they are set. The specs write to the ledger, and take it back.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const missing = !process.env.GRAFANA_URL
  ? 'GRAFANA_URL is not set; it names a running Grafana, such as http://localhost:3000'
  : !existsSync(CHROMIUM)
    ? `there is no ${CHROMIUM} (apt-get install chromium, or CHROMIUM=path)`
    : undefined;
if (missing) {
  process.stdout.write(`skipped: the specs against a Grafana: ${missing}\n`);
  process.exit(0);
}
const { status } = spawnSync('npx', ['playwright', 'test', '--config', 'test/e2e/playwright.config.ts'], {
  stdio: 'inherit',
  env: { ...process.env, CHROMIUM },
});
process.exit(status ?? 1);
