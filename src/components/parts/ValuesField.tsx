import { getDefaultTimeRange } from '@grafana/data';
import { t } from '@grafana/i18n';
import { type ComboboxOption, Field, Input, MultiCombobox } from '@grafana/ui';
import React, { useCallback } from 'react';

import { messageOf } from '../../message';
import { useDraft } from '../useDraft';

import { type FilterRowProps } from './FilterRow';

/** The values of a filter: chosen from what the archive holds, or one expression. */
export function ValuesField({ id, filter, path, problems, datasource, range, onChange }: FilterRowProps) {
  const expression = filter.op === '=~' || filter.op === '!~';
  const problem =
    problems[`${path}.values`] ?? filter.values.map((_, i) => problems[`${path}.values[${i}]`]).find(Boolean);
  const load = useCallback(
    async (typed: string): Promise<ComboboxOption[]> => {
      if (filter.dimension === '') {
        return [];
      }
      try {
        const values = await datasource.dimensionValues(filter.dimension, range ?? getDefaultTimeRange(), typed);
        return values.map(({ value, crashes }) => ({
          value,
          label: value === '' ? t('filter.not-known', '(not known)') : value,
          description: t('filter.crashes', '{{crashes}} crashes', { crashes }),
        }));
      } catch (err) {
        return [{ value: '', label: messageOf(err), infoOption: true }];
      }
    },
    [datasource, filter.dimension, range]
  );
  const [draft, setDraft] = useDraft(filter.values[0] ?? '');
  const saveDraft = () =>
    draft !== (filter.values[0] ?? '') && onChange({ ...filter, values: draft === '' ? [] : [draft] });
  return (
    <Field
      noMargin
      label={expression ? t('filter.expression', 'Expression') : t('filter.values', 'Values')}
      htmlFor={`${id}-values`}
      invalid={Boolean(problem)}
      error={problem}
    >
      {expression ? (
        <Input
          id={`${id}-values`}
          width={40}
          placeholder="leaf-.*"
          value={draft}
          onChange={(e) => setDraft(e.currentTarget.value)}
          onBlur={saveDraft}
          onKeyDown={(e) => e.key === 'Enter' && saveDraft()}
        />
      ) : (
        <MultiCombobox
          id={`${id}-values`}
          width="auto"
          minWidth={30}
          maxWidth={80}
          createCustomValue
          placeholder={t('filter.choose-values', 'Choose values')}
          options={load}
          value={filter.values.map((v) => ({ value: v, label: v === '' ? t('filter.not-known', '(not known)') : v }))}
          onChange={(options) => onChange({ ...filter, values: options.map((o) => o.value) })}
        />
      )}
    </Field>
  );
}
