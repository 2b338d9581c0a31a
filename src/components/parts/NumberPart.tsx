import { t } from '@grafana/i18n';
import { Field, Input } from '@grafana/ui';
import React from 'react';

import { DEFAULT_LIMIT, DEFAULT_TOP_K, MAX_LIMIT } from '../../query/question';
import { type PartProps } from '../Builder';
import { useDraft } from '../useDraft';

interface Props extends PartProps {
  field: 'limit' | 'topK';
}

export function NumberPart({ id, question, problems, change, field }: Props) {
  const label = field === 'limit' ? t('part.limit', 'Limit') : t('part.top-k', 'Largest');
  const placeholder = String(field === 'limit' ? DEFAULT_LIMIT : DEFAULT_TOP_K);
  const [draft, setDraft] = useDraft(String(question[field] ?? ''));
  const save = () => {
    const text = draft.trim();
    const n = text === '' ? undefined : Number(text);
    if (n !== question[field]) {
      change({ [field]: n });
    }
  };
  return (
    <Field noMargin label={label} htmlFor={`${id}-${field}`} invalid={Boolean(problems[field])} error={problems[field]}>
      <Input
        id={`${id}-${field}`}
        type="number"
        min={1}
        max={MAX_LIMIT}
        width={10}
        placeholder={placeholder}
        value={draft}
        onChange={(e) => setDraft(e.currentTarget.value)}
        onBlur={save}
        onKeyDown={(e) => e.key === 'Enter' && save()}
      />
    </Field>
  );
}
