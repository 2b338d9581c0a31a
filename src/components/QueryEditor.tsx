import { type QueryEditorProps } from '@grafana/data';
import { t } from '@grafana/i18n';
import { Alert, RadioButtonGroup, Stack } from '@grafana/ui';
import React, { useState } from 'react';

import { type DataSource } from '../datasource';
import { questionOf, toBuilder, toRaw } from '../query/mode';
import { type Question } from '../query/question';
import { problemOf, validate } from '../query/validate';
import { type ArchiveOptions, type CrashQuery } from '../types';

import { Builder } from './Builder';
import { RawEditor } from './RawEditor';

export type Props = QueryEditorProps<DataSource, CrashQuery, ArchiveOptions>;

/** The query editor: a form or JSON text, and a switch between them that loses nothing. */
export default function QueryEditor(props: Props) {
  const { query, onChange, onRunQuery, data } = props;
  const [refused, setRefused] = useState<string>();
  const mode = query.mode ?? 'builder';
  const question = questionOf(query);
  const objection = data?.errors?.find((e) => e.refId === query.refId)?.message;
  const problems = { ...problemOf(objection), ...validate(question) };

  const change = (next: CrashQuery) => {
    onChange(next);
    if (next.mode === 'raw' || Object.keys(validate(questionOf(next))).length === 0) {
      onRunQuery();
    }
  };
  const switchTo = (to: 'builder' | 'raw') => {
    const switched = to === 'raw' ? { query: toRaw(query) } : toBuilder(query);
    setRefused(switched.error);
    if (switched.query) {
      onChange(switched.query);
    }
  };

  return (
    <Stack direction="column" gap={1}>
      <Stack direction="row" justifyContent="flex-end">
        <RadioButtonGroup
          size="sm"
          aria-label={t('query.mode', 'Query mode')}
          options={[
            { value: 'builder' as const, label: t('query.builder', 'Builder') },
            { value: 'raw' as const, label: t('query.raw', 'JSON') },
          ]}
          value={mode}
          onChange={switchTo}
        />
      </Stack>
      {refused && (
        <Alert severity="warning" title={t('query.stays-raw', 'The builder can not show this query')}>
          {refused}
        </Alert>
      )}
      {mode === 'raw' ? (
        <RawEditor {...props} objection={objection} onChange={change} />
      ) : (
        <Builder
          {...props}
          question={question}
          problems={problems}
          onQuestion={(q: Question) => change({ ...query, mode, query: q })}
          onKinds={(kinds) => change({ ...query, mode, kinds })}
          onFormat={(format) => change({ ...query, mode, format })}
          onLive={(live) => change({ ...query, mode, live })}
          onNumber={(number) => change({ ...query, mode, number })}
        />
      )}
    </Stack>
  );
}
