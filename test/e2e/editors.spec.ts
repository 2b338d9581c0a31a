import { expect, test } from '@grafana/plugin-e2e';

const TYPE = 'epicurve-crasharchive-datasource';

test('a new data source says what is wrong, and that it works', async ({
  createDataSourceConfigPage,
  readProvisionedDataSource,
  page,
}) => {
  const { url } = await readProvisionedDataSource<{ url: string }>({ fileName: 'epicurve.yaml' });
  const archive = process.env.EPICURVE_ARCHIVE_URL ?? url;
  test.skip(!archive?.startsWith('http'), 'EPICURVE_ARCHIVE_URL does not say where the archive is');
  const config = await createDataSourceConfigPage({ type: TYPE });
  await page.getByLabel(/URL of the archive/).fill('http://127.0.0.1:1');
  await expect(config.saveAndTest()).not.toBeOK();
  await page.getByLabel(/URL of the archive/).fill(archive!);
  await expect(config.saveAndTest()).toBeOK();
  await expect(config).toHaveAlert('success', { hasText: /holds \d+ crashes/ });
});

test('the first query of a panel shows something', async ({ panelEditPage, page }) => {
  await panelEditPage.datasource.set('Epicurve');
  await expect(page.getByLabel('Show', { exact: true })).toHaveValue('Epidemic curve');
  await expect(panelEditPage.refreshPanel({ timeout: 60_000 })).toBeOK();
});

test('Explore shows crashes as a table and filters on a click', async ({ explorePage, page }) => {
  await explorePage.datasource.set('Epicurve');
  await explorePage.timeRange.set({ from: 'now-90d', to: 'now' });
  await page.getByLabel('Show', { exact: true }).fill('Crashes');
  await page.getByRole('option', { name: /Single crashes/ }).click();
  const cell = page.getByRole('gridcell', { name: 'null_deref', exact: true }).first();
  // Grafana shows the button while the pointer is on the cell.
  await cell.getByLabel('Filter for value').dispatchEvent('click');
  await expect(page.getByLabel('Filter', { exact: true })).toHaveValue('crash.kind');
});

test('variables take what the viewer chose', async ({ gotoDashboardPage, page }) => {
  await gotoDashboardPage({
    uid: 'epicurve-population',
    queryParams: new URLSearchParams({ from: 'now-90d', to: 'now', 'var-host': 'leaf-westus3-003' }),
  });
  const curve = page.getByRole('region', { name: 'Epidemic curve by host' });
  await expect(curve.getByText('leaf-westus3-003')).toBeVisible();
  await expect(curve.getByText('all others')).toHaveCount(0);
});
