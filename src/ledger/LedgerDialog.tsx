import { t } from '@grafana/i18n';
import { Alert, Button, Field, Input, Modal, RadioButtonGroup, TextArea } from '@grafana/ui';
import React, { type FormEvent, useState } from 'react';

import { messageOf } from '../message';

import { type Action, type Draft, eventOf, type LedgerEvent, missing } from './event';

interface Props {
  draft: Draft;
  /** Records the event; an error stays in the dialog. */
  send: (e: LedgerEvent) => Promise<void>;
  onClose: () => void;
}

function actions(): Array<{ value: Action; label: string }> {
  return [
    { value: 'fix', label: t('ledger.fix', 'Mark a fix') },
    { value: 'removal', label: t('ledger.removal', 'Take out a host') },
    { value: 'label', label: t('ledger.label', 'Label') },
    { value: 'cause', label: t('ledger.cause', 'Cause') },
    { value: 'note', label: t('ledger.note', 'Note') },
  ];
}

/** Writes one event to the ledger of a cluster. */
export function LedgerDialog({ draft: initial, send, onClose }: Props) {
  const [draft, setDraft] = useState(initial);
  const [error, setError] = useState<string>();
  const [busy, setBusy] = useState(false);
  const set = (part: Partial<Draft>) => setDraft({ ...draft, ...part });
  const dated = draft.action === 'fix' || draft.action === 'removal';

  const submit = async (e: FormEvent) => {
    e.preventDefault();
    const problem = missing(draft);
    setError(problem);
    if (problem) {
      return;
    }
    setBusy(true);
    try {
      await send(eventOf(draft));
      onClose();
    } catch (err) {
      setError(messageOf(err));
      setBusy(false);
    }
  };

  const undo = draft.action === 'undo';
  return (
    <Modal isOpen title={undo ? t('ledger.undo', 'Undo') : t('ledger.title', 'Ledger')} onDismiss={onClose}>
      <form onSubmit={submit}>
        <p>{draft.cluster}</p>
        {!undo && (
          <Field label={t('ledger.what', 'What')}>
            <RadioButtonGroup
              aria-label={t('ledger.what', 'What')}
              options={actions()}
              value={draft.action}
              onChange={(action) => set({ action })}
            />
          </Field>
        )}
        {draft.action === 'removal' && (
          <Field label={t('ledger.value', 'Host')} htmlFor="ledger-value">
            <Input id="ledger-value" value={draft.value} onChange={(e) => set({ value: e.currentTarget.value })} />
          </Field>
        )}
        {dated && (
          <Field label={t('ledger.at', 'Rolled out everywhere at')} htmlFor="ledger-at">
            <Input
              id="ledger-at"
              type="datetime-local"
              value={draft.at}
              onChange={(e) => set({ at: e.currentTarget.value })}
            />
          </Field>
        )}
        {draft.action === 'fix' && (
          <Field
            label={t('ledger.builds', 'Versions that carry the fix')}
            description={t(
              'ledger.builds-help',
              'Separated by commas. Crashes of other versions will not count against it.'
            )}
            htmlFor="ledger-builds"
          >
            <Input id="ledger-builds" value={draft.builds} onChange={(e) => set({ builds: e.currentTarget.value })} />
          </Field>
        )}
        <Field label={undo ? t('ledger.why', 'Why') : t('ledger.text', 'In words')} htmlFor="ledger-text">
          <TextArea
            id="ledger-text"
            rows={3}
            value={draft.text}
            onChange={(e) => set({ text: e.currentTarget.value })}
          />
        </Field>
        {error && <Alert severity="error" title={error} />}
        <Modal.ButtonRow>
          <Button variant="secondary" fill="outline" type="button" onClick={onClose}>
            {t('ledger.cancel', 'Cancel')}
          </Button>
          <Button type="submit" disabled={busy}>
            {undo ? t('ledger.undo', 'Undo') : t('ledger.save', 'Save')}
          </Button>
        </Modal.ButtonRow>
      </form>
    </Modal>
  );
}
