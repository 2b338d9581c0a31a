import { AppEvents, ThemeContext } from '@grafana/data';
import { t } from '@grafana/i18n';
import { config, getAppEvents } from '@grafana/runtime';
import React from 'react';

import { messageOf } from '../message';

import { newDraft, type LedgerEvent } from './event';
import { LedgerDialog } from './LedgerDialog';
import { findCreateRoot } from './root';

/** Shows the ledger dialog over whatever panel was clicked; says so where it can't. */
export async function openLedger(
  cluster: string,
  revokes: string | undefined,
  send: (e: LedgerEvent) => Promise<void>
): Promise<void> {
  try {
    show(await findCreateRoot(), cluster, revokes, send);
  } catch (e) {
    const title = t('ledger.cannot-open', 'The ledger can not be opened here');
    getAppEvents().publish({ type: AppEvents.alertError.name, payload: [title, messageOf(e)] });
  }
}

function show(
  createRoot: Awaited<ReturnType<typeof findCreateRoot>>,
  cluster: string,
  revokes: string | undefined,
  send: (e: LedgerEvent) => Promise<void>
): void {
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
