import { dirname } from 'node:path';

import { type PluginOptions } from '@grafana/plugin-e2e';
import { defineConfig, devices } from '@playwright/test';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** Specs against a running Grafana (GRAFANA_URL) that has provisioning/ and a seeded archive; see run.mjs. */
export default defineConfig<PluginOptions>({
  testDir: '.',
  outputDir: '../../test-results/e2e',
  timeout: 300_000,
  expect: { timeout: 90_000 },
  workers: 1,
  reporter: [['list']],
  use: {
    baseURL: process.env.GRAFANA_URL,
    grafanaAPICredentials: {
      user: process.env.GRAFANA_USER ?? 'admin',
      password: process.env.GRAFANA_PASSWORD ?? 'admin',
    },
    provisioningRootDir: 'provisioning',
    viewport: { width: 1280, height: 1600 },
    timezoneId: 'UTC',
    locale: 'en-US',
    trace: 'retain-on-failure',
    launchOptions: { executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] },
  },
  projects: [
    {
      name: 'auth',
      testDir: `${dirname(require.resolve('@grafana/plugin-e2e'))}/auth`,
      testMatch: [/.*\.js/],
    },
    {
      name: 'chromium',
      testMatch: [/.*\.spec\.ts/],
      use: {
        ...devices['Desktop Chrome'],
        viewport: { width: 1280, height: 1600 },
        storageState: 'playwright/.auth/admin.json',
      },
      dependencies: ['auth'],
    },
  ],
});
