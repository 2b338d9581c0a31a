import { expect, test } from '@grafana/plugin-e2e';

const UNWINDER = 'return_to_null/return_to_null in leafd';

/** The boards that ask the archive, with a range that the seeded fleet fills, and what must be on them. */
const BOARDS: Array<{ uid: string; variables?: Record<string, string>; shows: RegExp[] }> = [
  { uid: 'population', shows: [/unwinder race/, /one sick machine/, /return_to_null/, /Crashes as they arrive/] },
  { uid: 'cluster', variables: { 'var-cluster': UNWINDER }, shows: [/GONE: silent/, /Silence curve/] },
  { uid: 'host', variables: { 'var-host': 'leaf-westus3-003' }, shows: [/misaligned_stack/] },
  { uid: 'fixes', shows: [/read the slot before it is reused/, /gone/] },
  { uid: 'ledger', shows: [/unwinder race/] },
  { uid: 'coverage', shows: [/northeurope/, /Lateness/] },
];

for (const { uid, variables, shows } of BOARDS) {
  test(`dashboard ${uid} shows the seeded fleet without an error`, async ({ gotoDashboardPage, page }) => {
    const failed: string[] = [];
    page.on('response', (r) => {
      if (r.status() >= 400 && /\/api\/(ds\/query|datasources)/.test(r.url())) {
        failed.push(`${r.status()} ${r.url()}`);
      }
    });
    const queryParams = new URLSearchParams({ from: 'now-90d', to: 'now', ...variables });
    const board = await gotoDashboardPage({ uid: `epicurve-${uid}`, queryParams });
    await board.waitForPanelsQueriesToComplete({ scrollAll: true });
    await page.mouse.wheel(0, -10_000);
    for (const text of shows) {
      await expect(page.getByText(text).first()).toBeVisible();
    }
    await expect(page.getByTestId(/Panel status error/)).toHaveCount(0);
    expect(failed).toEqual([]);
  });
}
