// Uses the plugin's editors as a person does, mostly by keyboard, and fails at
// the first thing that is not as it should be.
// Usage: node drive.mjs URL FROM TO (milliseconds of the data's time range)
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import { chromium } from 'playwright-core';

const [site, from, to] = process.argv.slice(2);
const pictures = 'test-results/browser';
// A real Grafana has these; its npm packages don't.
const GRAFANAS_OWN = /grafanaBootData|\/public\/(fonts|build)\//;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'],
});
try {
  for (const theme of ['dark', 'light']) {
    await workbench(theme);
  }
  process.stdout.write('browser check passed\n');
} finally {
  await browser.close();
}

async function workbench(theme) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 1400 } });
  const complaints = [];
  page.on('pageerror', (e) => complaints.push(String(e)));
  page.on('console', (m) => {
    const text = `${m.text()} ${m.location().url}`;
    if (m.type() === 'error' && !GRAFANAS_OWN.test(text)) {
      complaints.push(text);
    }
  });
  page.setDefaultTimeout(60_000); // generous, so that a busy machine fails nothing
  await page.goto(`${site}/?theme=${theme}&from=${from}&to=${to}`);

  await showsSomethingAtOnce(page);
  const react = process.env.EPICURVE_REACT?.split('.')[0] ?? '';
  assert.match(await page.evaluate(() => window.epicurveLibraries), new RegExp(`^React ${react}`));
  await page.screenshot({ path: `${pictures}/query-${theme}.png`, fullPage: true });
  await isAccessible(page, theme);
  if (theme === 'dark') {
    await choosesByKeyboard(page);
    await filtersByKeyboard(page);
    await page.screenshot({ path: `${pictures}/filter-${theme}.png`, fullPage: true });
    await marksAFix(page);
    await switchesToText(page);
    assert.deepEqual(complaints, [], 'errors in the console before any mistake was made');
    await showsMistakesInPlace(page);
    complaints.length = 0; // the refused query is a 400, which the console shows
  }
  await asksForHealth(page);
  await page.screenshot({ path: `${pictures}/settings-${theme}.png`, fullPage: true });
  assert.deepEqual(complaints, [], 'errors in the console');
  await page.close();
}

async function target(page) {
  return JSON.parse(await page.getByTestId('target').textContent());
}

async function showsSomethingAtOnce(page) {
  await page.getByLabel('Show', { exact: true }).waitFor();
  await page.getByTestId('frame').nth(2).waitFor();
  const names = await page.getByTestId('frame').locator('th:nth-child(2)').allTextContents();
  assert.deepEqual(names, ['return_to_null', 'misaligned_stack', 'other'], 'series of the default query');
}

/** Serious findings of axe in what is ours fail the check. */
async function isAccessible(page, theme) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run('main', { resultTypes: ['violations'] }));
  const serious = violations.filter((v) => ['serious', 'critical'].includes(v.impact));
  const text = serious.map((v) => `${v.id}: ${v.help}\n  ${v.nodes.map((n) => n.html).join('\n  ')}`).join('\n');
  assert.equal(serious.length, 0, `accessibility, ${theme}:\n${text}`);
}

async function choosesByKeyboard(page) {
  await choosesUntil(
    page,
    'Show',
    'Clusters',
    page.getByRole('cell', { name: 'return_to_null/return_to_null in leafd' })
  );
  assert.equal((await target(page)).query.type, 'clusters');
}

async function filtersByKeyboard(page) {
  await page.getByRole('button', { name: 'Add filter' }).focus();
  await page.keyboard.press('Enter');
  const chosen = page.getByTestId('target').filter({ hasText: /"dimension":\s*"host\.name"/ });
  await choosesUntil(page, 'Filter', 'host.name', chosen);
  await typesUntil(page, 'Values', 'leaf-07', page.getByRole('option', { name: /leaf-07.*crashes/ }));
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await page.waitForFunction(
    () => JSON.parse(document.querySelector('[data-testid=target]').textContent).query.filters[0].values[0]
  );
  assert.deepEqual((await target(page)).query.filters, [{ dimension: 'host.name', op: '=', values: ['leaf-07'] }]);
  // On leaf-07 its own disease is the largest cluster.
  await page.locator('td', { hasText: 'misaligned_stack/' }).first().waitFor();
  await page.waitForFunction(() =>
    document.querySelector('[data-testid=frame] td').textContent.includes('misaligned_stack')
  );
}

/** Opens a list, types and takes what is found first, until that has its effect. */
async function choosesUntil(page, label, text, effect) {
  await again(effect, async () => {
    await page.getByLabel(label, { exact: true }).focus();
    await page.keyboard.press('ArrowDown');
    await page.getByRole('option').first().waitFor({ timeout: 15_000 });
    await page.keyboard.type(text);
    await page.waitForFunction(
      (wanted) => document.querySelector('[role=option]')?.textContent.includes(wanted),
      text,
      { timeout: 15_000 }
    );
    await page.keyboard.press('Enter');
  });
}

/** Types into a field until the effect shows. */
async function typesUntil(page, label, text, effect) {
  await again(effect, async () => {
    const field = page.getByLabel(label, { exact: true });
    await field.focus();
    // The list opens first: older libraries lose the key that opens it.
    await page.keyboard.press('ArrowDown');
    await page.getByRole('option').first().waitFor({ timeout: 15_000 });
    // At a person's pace: the list is drawn anew while its choices arrive. Some
    // versions do not find the open field by its label: the keyboard goes on alone.
    await page.keyboard.press('Control+A');
    await page.keyboard.type(text, { delay: 80 });
  });
}

/**
 * A list opens and filters a moment after the key, and a field that was just drawn may be drawn again under the typing:
 * a person would see it and do it again.
 */
async function again(effect, steps) {
  for (let tries = 4; ; tries--) {
    try {
      await steps();
      await effect.waitFor({ state: 'attached', timeout: 15_000 });
      return;
    } catch (e) {
      if (tries === 1) {
        throw e;
      }
      await effect.page().keyboard.press('Escape');
    }
  }
}

/** Two clicks and a sentence mark a fix; the panel asks again by itself. */
async function marksAFix(page) {
  await page.getByRole('button', { name: 'Fix, label or note…' }).first().click();
  await page.getByRole('dialog').waitFor();
  await page.getByLabel('In words').fill('leaf-07 drained');
  await page.getByLabel('Rolled out everywhere at').fill('2026-03-08T00:00');
  await page.screenshot({ path: `${pictures}/ledger-dark.png` });
  const asked = page.waitForResponse((r) => r.url().includes('/api/ds/query'));
  const posted = page.waitForResponse((r) => r.url().endsWith('/resources/ledger'));
  await page.getByRole('button', { name: 'Save' }).click();
  const { event } = await (await posted).json();
  assert.equal(event.actor, 'erin', 'the ledger names the Grafana user');
  assert.equal(event.text, 'leaf-07 drained');
  assert.equal((await asked).status(), 200, 'the panel asked again');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
}

async function switchesToText(page) {
  const before = (await target(page)).query;
  await page.getByLabel('Builder', { exact: true }).focus();
  await page.keyboard.press('ArrowRight');
  const text = page.getByRole('textbox', { name: /^Query/ });
  assert.deepEqual(JSON.parse(await text.inputValue()), before, 'the text says what the form said');
  await text.fill(JSON.stringify({ type: 'records', limit: 2 }));
  await page.keyboard.press('Control+Enter');
  await page.getByRole('columnheader', { name: 'host.name' }).waitFor();
  assert.ok(await text.evaluate((e) => e === document.activeElement), 'the text keeps the focus after Ctrl+Enter');
  await page.getByLabel('JSON', { exact: true }).focus();
  await page.keyboard.press('ArrowLeft');
  assert.equal(await page.getByLabel('Limit', { exact: true }).inputValue(), '2', 'the form shows the text');
}

async function showsMistakesInPlace(page) {
  await page.getByLabel('Builder', { exact: true }).focus();
  await page.keyboard.press('ArrowRight');
  const text = page.getByRole('textbox', { name: /^Query/ });
  await text.fill('{"groupBy":["host"]}');
  await page.keyboard.press('Control+Enter');
  await page
    .getByText(/"host" is not a dimension; did you mean/)
    .first()
    .waitFor();
}

async function asksForHealth(page) {
  await page.getByLabel(/URL of the archive/).fill('http://archive:9932');
  await page.getByRole('button', { name: 'Save & test' }).click();
  await page.getByText(/It holds 74 crashes/).waitFor();
  await page.getByLabel('Token', { exact: true }).check({ force: true });
  await page.getByLabel('Token with the role read').waitFor();
}
