import type React from 'react';
import * as ReactDOM from 'react-dom';

interface Root {
  render: (children: React.ReactNode) => void;
  unmount: () => void;
}

type CreateRoot = (e: Element) => Root;

/** Grafana's module loader, as far as it is used here. */
interface Modules {
  import: (name: string) => Promise<{ createRoot?: CreateRoot; default?: { createRoot?: CreateRoot } }>;
}

/**
 * Finds what makes a React root. Grafana up to 13.1 runs React 18, whose
 * react-dom has createRoot itself. Grafana 13.2 runs React 19, where it is in
 * react-dom/client alone: Grafana shares that too, but its older versions don't,
 * so that it can't be an ordinary import.
 */
export async function findCreateRoot(): Promise<CreateRoot> {
  const own: CreateRoot | undefined = Reflect.get(ReactDOM, 'createRoot');
  if (own) {
    return own;
  }
  const modules: Modules | undefined = Reflect.get(window, 'System');
  const client = await modules?.import('react-dom/client');
  const shared = client?.createRoot ?? client?.default?.createRoot;
  if (!shared) {
    throw new Error('This Grafana shares no react-dom/client with plugins.');
  }
  return shared;
}
