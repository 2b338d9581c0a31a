import { t } from '@grafana/i18n';

/** What a person can say about a cluster; "removal" is a fix that takes something out. */
export type Action = 'fix' | 'removal' | 'label' | 'cause' | 'note' | 'undo';

/** What the dialog holds while it is filled in. */
export interface Draft {
  cluster: string;
  action: Action;
  /** As of an input of type datetime-local, in the viewer's time zone. */
  at: string;
  text: string;
  /** Versions that carry the fix, separated by commas. */
  builds: string;
  dimension: string;
  value: string;
  /** The event to undo. */
  revokes?: string;
}

/** The body of POST ledger; the server adds who, when and the id. */
export interface LedgerEvent {
  cluster: string;
  action: Exclude<Action, 'removal'>;
  text?: string;
  fix?: { at: string; removal?: boolean; dimension?: string; value?: string; builds?: string[] };
  revokes?: string;
}

export function newDraft(cluster: string, now: Date, revokes?: string): Draft {
  const local = new Date(now.getTime() - now.getTimezoneOffset() * 60_000);
  return {
    cluster,
    action: revokes ? 'undo' : 'fix',
    at: local.toISOString().slice(0, 16),
    text: '',
    builds: '',
    dimension: 'host.name',
    value: '',
    revokes,
  };
}

/** What is still missing, or undefined. */
export function missing(d: Draft): string | undefined {
  const dated = d.action === 'fix' || d.action === 'removal';
  if (dated && Number.isNaN(Date.parse(d.at))) {
    return t('ledger.missing-at', 'Say when it was rolled out.');
  }
  if (d.action === 'removal' && (d.value.trim() === '' || d.dimension.trim() === '')) {
    return t('ledger.missing-value', 'Say what was taken out.');
  }
  if (['label', 'cause', 'note'].includes(d.action) && d.text.trim() === '') {
    return t('ledger.missing-text', 'Write something.');
  }
  return undefined;
}

export function eventOf(d: Draft): LedgerEvent {
  const { cluster, revokes } = d;
  const text = d.text.trim() || undefined;
  if (d.action === 'undo') {
    return { cluster, action: 'undo', text, revokes };
  }
  if (d.action !== 'fix' && d.action !== 'removal') {
    return { cluster, action: d.action, text };
  }
  const at = new Date(d.at).toISOString();
  if (d.action === 'removal') {
    return {
      cluster,
      action: 'fix',
      text,
      fix: { at, removal: true, dimension: d.dimension.trim(), value: d.value.trim() },
    };
  }
  const builds = d.builds
    .split(',')
    .map((b) => b.trim())
    .filter(Boolean);
  return { cluster, action: 'fix', text, fix: { at, ...(builds.length > 0 && { builds }) } };
}
