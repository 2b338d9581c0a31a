import { t } from '@grafana/i18n';
import { Field, TextArea } from '@grafana/ui';
import React from 'react';

import { type CrashQuery } from '../types';

import { useDraft } from './useDraft';

interface Props {
  query: CrashQuery;
  /** What the archive said against the query. */
  objection?: string;
  onChange: (q: CrashQuery) => void;
}

/** The question as JSON text; asked when the field is left or by Ctrl+Enter. */
export function RawEditor({ query, objection, onChange }: Props) {
  const id = `crash-query-${query.refId}-raw`;
  const [draft, setDraft] = useDraft(query.raw ?? '');
  const save = () => draft !== query.raw && onChange({ ...query, raw: draft });
  return (
    <Field
      noMargin
      label={t('raw.label', 'Query')}
      description={t(
        'raw.help',
        'One JSON object as the archive takes it, without the time range. Variables and $__interval may stand in it. Ctrl+Enter runs it.'
      )}
      htmlFor={id}
      invalid={Boolean(objection)}
      error={objection}
    >
      <TextArea
        id={id}
        rows={Math.min(20, Math.max(6, draft.split('\n').length + 1))}
        spellCheck={false}
        style={{ fontFamily: 'monospace' }}
        value={draft}
        onChange={(e) => setDraft(e.currentTarget.value)}
        onBlur={save}
        onKeyDown={(e) => e.key === 'Enter' && (e.ctrlKey || e.metaKey) && save()}
      />
    </Field>
  );
}
