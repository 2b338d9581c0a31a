import { ThemeContext } from '@grafana/data';
import { config } from '@grafana/runtime';
import React from 'react';
import * as ReactDOM from 'react-dom';

import { newDraft, type LedgerEvent } from './event';
import { LedgerDialog } from './LedgerDialog';

interface Root {
  render: (children: React.ReactNode) => void;
  unmount: () => void;
}

/**
 * Grafana shares react-dom with plugins but not react-dom/client. React 18 has
 * createRoot on both; where it is gone, there is no root of our own and the
 * caller is told.
 */
const createRoot: ((e: Element) => Root) | undefined = Reflect.get(ReactDOM, 'createRoot');

/** Whether the dialog can be shown in this Grafana. */
export const canOpen = createRoot !== undefined;

/** Shows the ledger dialog over whatever panel was clicked. */
export function openLedger(
  cluster: string,
  revokes: string | undefined,
  send: (e: LedgerEvent) => Promise<void>
): void {
  if (!createRoot) {
    return;
  }
  const place = document.body.appendChild(document.createElement('div'));
  const root = createRoot(place);
  const close = () => {
    root.unmount();
    place.remove();
  };
  root.render(
    <ThemeContext.Provider value={config.theme2}>
      <LedgerDialog draft={newDraft(cluster, new Date(), revokes)} send={send} onClose={close} />
    </ThemeContext.Provider>
  );
}
