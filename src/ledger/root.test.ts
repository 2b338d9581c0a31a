import * as ReactDOM from 'react-dom';

import { findCreateRoot } from './root';

jest.mock('react-dom', () => ({ __esModule: true }));

const createRoot = jest.fn();

afterEach(() => {
  Reflect.deleteProperty(ReactDOM, 'createRoot');
  Reflect.deleteProperty(window, 'System');
});

it('takes that of React 18', async () => {
  Reflect.set(ReactDOM, 'createRoot', createRoot);
  expect(await findCreateRoot()).toBe(createRoot);
});

it.each([[{ createRoot }], [{ default: { createRoot } }]])(
  'takes what a Grafana with React 19 shares: %j',
  async (m) => {
    Reflect.set(window, 'System', { import: jest.fn().mockResolvedValue(m) });
    expect(await findCreateRoot()).toBe(createRoot);
  }
);

it.each([undefined, { import: jest.fn().mockResolvedValue({}) }])('says where there is none', async (system) => {
  Reflect.set(window, 'System', system);
  await expect(findCreateRoot()).rejects.toThrow(/react-dom\/client/);
});
