import { t } from '@grafana/i18n';
import { type ComboboxOption, Field, MultiCombobox } from '@grafana/ui';
import React from 'react';

import { type AnnotationKind } from '../../query/question';
import { type PartProps } from '../Builder';

interface Props extends PartProps {
  kinds?: AnnotationKind[];
  onKinds: (k: AnnotationKind[] | undefined) => void;
}

function choices(): Array<ComboboxOption<AnnotationKind>> {
  return [
    { value: 'onset', label: t('annotation.onset', 'Onset') },
    { value: 'fix', label: t('annotation.fix', 'Fix') },
    { value: 'relapse', label: t('annotation.relapse', 'Relapse') },
    { value: 'new', label: t('annotation.new', 'New cluster') },
    { value: 'gone', label: t('annotation.gone', 'Gone') },
    { value: 'deploy', label: t('annotation.deploy', 'Rollout') },
    { value: 'blind', label: t('annotation.blind', 'Nothing seen') },
  ];
}

export function KindsPart({ id, problems, kinds, onKinds }: Props) {
  return (
    <Field
      noMargin
      label={t('part.kinds', 'Kinds')}
      htmlFor={`${id}-kinds`}
      invalid={Boolean(problems.kinds)}
      error={problems.kinds}
    >
      <MultiCombobox
        id={`${id}-kinds`}
        width="auto"
        minWidth={24}
        placeholder={t('part.kinds-all', 'All')}
        options={choices()}
        value={kinds ?? []}
        onChange={(options) => onKinds(options.length > 0 ? options.map((o) => o.value) : undefined)}
      />
    </Field>
  );
}
