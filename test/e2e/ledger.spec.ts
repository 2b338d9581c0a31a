import { expect, test } from '@grafana/plugin-e2e';

const MACHINE = 'misaligned_stack/misaligned_stack in leafd';
const text = `checked by a spec at ${Date.now()}`;

test('an editor marks a fix from the board and takes it back', async ({ gotoDashboardPage, page }) => {
  const range = { from: 'now-90d', to: 'now' };
  await gotoDashboardPage({
    uid: 'epicurve-cluster',
    queryParams: new URLSearchParams({ ...range, 'var-cluster': MACHINE }),
  });
  await page
    .getByRole('link', { name: /silent \d+ d since|Disappearing|GONE|Not fixed/i })
    .first()
    .click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByText(MACHINE)).toBeVisible();
  await dialog.getByLabel('In words').fill(text);
  const posted = page.waitForResponse((r) => r.url().endsWith('/resources/ledger'));
  const asked = page.waitForResponse((r) => r.url().includes('/api/ds/query'));
  await dialog.getByRole('button', { name: 'Save' }).click();
  const { event } = await (await posted).json();
  expect(event).toMatchObject({ actor: process.env.GRAFANA_USER ?? 'admin', action: 'fix', text });
  expect((await asked).ok()).toBe(true);
  await expect(page.getByText(`Fix marked for ${MACHINE}`)).toBeVisible();

  await gotoDashboardPage({ uid: 'epicurve-fixes', queryParams: new URLSearchParams(range) });
  await page.getByRole('link', { name: new RegExp(text) }).click();
  const undone = page.waitForResponse((r) => r.url().endsWith('/resources/ledger'));
  await dialog.getByRole('button', { name: 'Undo' }).click();
  expect((await undone).ok()).toBe(true);
  await expect(page.getByRole('link', { name: new RegExp(text) })).toHaveCount(0);
});

test('somebody who is not signed in can not write', async ({ playwright }) => {
  const anonymous = await playwright.request.newContext({
    baseURL: process.env.GRAFANA_URL,
    storageState: { cookies: [], origins: [] },
  });
  const answer = await anonymous.post('/api/datasources/uid/epicurve/resources/ledger', {
    data: { cluster: MACHINE, action: 'note', text },
  });
  expect([401, 403]).toContain(answer.status());
  await anonymous.dispose();
});

test('another site can not write in the name of a user', async ({ page }) => {
  const answer = await page.request.post('/api/datasources/uid/epicurve/resources/ledger', {
    headers: { 'Sec-Fetch-Site': 'cross-site' },
    data: { cluster: MACHINE, action: 'note', text },
  });
  expect(answer.status()).toBe(403);
});
