import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import pluginJson from '../src/plugin.json';

import { FOLDER, print, STOCK } from './stock';

interface Panel {
  id?: number;
  title?: string;
  description?: string;
  datasource?: { uid?: string };
  targets?: unknown[];
  panels?: Panel[];
  gridPos?: { x: number; y: number; w: number; h: number };
}

const read = (name: string) => readFileSync(join(FOLDER, `${name}.json`), 'utf8');

describe.each(Object.keys(STOCK))('stock dashboard %s', (name) => {
  const dashboard = JSON.parse(read(name));
  const panels: Panel[] = dashboard.panels.flatMap((p: Panel) => [p, ...(p.panels ?? [])]);

  it('is checked in as the code builds it (npm run dashboards)', () => {
    expect(read(name)).toBe(print(STOCK[name]()));
  });

  it('comes with the plugin', () => {
    const include = pluginJson.includes.find((i) => i.path === `dashboards/${name}.json`);
    expect(include).toEqual({ type: 'dashboard', name: dashboard.title, path: `dashboards/${name}.json` });
  });

  it('has a stable uid and names no data source of its own', () => {
    expect(dashboard.uid).toBe(`epicurve-${name}`);
    expect(JSON.stringify(dashboard)).not.toMatch(/"uid":"epicurve"/);
    for (const p of panels.filter((p) => p.targets?.length)) {
      expect(p.datasource?.uid).toMatch(/^\$\{\w+\}$/);
    }
  });

  it('has panels that say what they show, ask something and do not overlap', () => {
    for (const p of panels) {
      expect(p.title).toBeTruthy();
    }
    expect(panels.filter((p) => p.targets?.length).length).toBeGreaterThan(0);
    const cells = new Map<string, string>();
    for (const { title, gridPos } of dashboard.panels as Panel[]) {
      expect(gridPos).toBeDefined();
      const { x, y, w, h } = gridPos!;
      expect(x + w).toBeLessThanOrEqual(24);
      for (let i = x; i < x + w; i++) {
        for (let j = y; j < y + h; j++) {
          expect(`${i},${j} of ${title}: ${cells.get(`${i},${j}`)}`).toBe(`${i},${j} of ${title}: undefined`);
          cells.set(`${i},${j}`, title ?? '');
        }
      }
    }
  });
});

it('has no dashboard that the code does not build', () => {
  expect(readdirSync(FOLDER).sort()).toEqual(
    Object.keys(STOCK)
      .map((n) => `${n}.json`)
      .sort()
  );
});
