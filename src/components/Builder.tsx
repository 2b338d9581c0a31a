import { type TimeRange } from '@grafana/data';
import { t } from '@grafana/i18n';
import { Alert, Combobox, Field, Stack } from '@grafana/ui';
import React from 'react';

import { type DataSource } from '../datasource';
import { QUERY_KINDS, kindOf } from '../query/registry';
import { type AnnotationKind, type Question } from '../query/question';
import { type Problems } from '../query/validate';
import { type ClusterNumber, type CrashQuery, type Format } from '../types';

import { ClusterNumberPart } from './parts/ClusterNumberPart';
import { ClusterPart } from './parts/ClusterPart';
import { Filters } from './parts/Filters';
import { FormatPart } from './parts/FormatPart';
import { GroupByPart } from './parts/GroupByPart';
import { KindsPart } from './parts/KindsPart';
import { IntervalPart } from './parts/IntervalPart';
import { LivePart } from './parts/LivePart';
import { MeasurePart } from './parts/MeasurePart';
import { NumberPart } from './parts/NumberPart';
import { SuppressedPart } from './parts/SuppressedPart';
import { useDimensions } from './useDimensions';

export interface BuilderProps {
  datasource: DataSource;
  query: CrashQuery;
  question: Question;
  problems: Problems;
  range?: TimeRange;
  onQuestion: (q: Question) => void;
  onFormat: (f: Format | undefined) => void;
  onNumber: (n: ClusterNumber | undefined) => void;
  onLive: (on: boolean | undefined) => void;
  onKinds: (k: AnnotationKind[] | undefined) => void;
}

/** What every part of the form gets. */
export interface PartProps {
  id: string;
  question: Question;
  problems: Problems;
  change: (part: Partial<Question>) => void;
}

/** The form: which parts it has follows from the query type's entry in the registry. */
export function Builder({
  datasource,
  query,
  question,
  problems,
  range,
  onQuestion,
  onFormat,
  onNumber,
  onLive,
  onKinds,
}: BuilderProps) {
  const { dimensions, error } = useDimensions(datasource);
  const kind = kindOf(question.type);
  const part: PartProps = {
    id: `crash-query-${query.refId}`,
    question,
    problems,
    change: (p) => onQuestion({ ...question, ...p }),
  };
  return (
    <Stack direction="column" gap={1}>
      {error && (
        <Alert severity="warning" title={t('builder.no-dimensions', 'The dimensions could not be listed')}>
          {error}
        </Alert>
      )}
      <Stack direction="row" gap={2} wrap="wrap" alignItems="flex-start">
        <Field noMargin label={t('builder.type', 'Show')} htmlFor={`${part.id}-type`}>
          <Combobox
            id={`${part.id}-type`}
            width={24}
            options={QUERY_KINDS.map((k) => ({ value: k.type, label: k.label(), description: k.description() }))}
            value={kind.type}
            onChange={(o) => part.change({ type: o.value })}
          />
        </Field>
        {kind.parts.includes('measure') && <MeasurePart {...part} />}
        {kind.parts.includes('groupBy') && <GroupByPart {...part} dimensions={dimensions} />}
        {kind.parts.includes('interval') && <IntervalPart {...part} />}
        {kind.parts.includes('topK') && <NumberPart {...part} field="topK" />}
        {kind.parts.includes('limit') && <NumberPart {...part} field="limit" />}
        {kind.parts.includes('format') && (
          <FormatPart {...part} kind={kind} format={query.format} onFormat={onFormat} />
        )}
        {kind.type === 'clusters' && query.format === 'numeric' && (
          <ClusterNumberPart {...part} number={query.number} onNumber={onNumber} />
        )}
        {kind.parts.includes('live') && <LivePart id={part.id} live={query.live} onLive={onLive} />}
        {kind.parts.includes('kinds') && <KindsPart {...part} kinds={query.kinds} onKinds={onKinds} />}
      </Stack>
      <Filters {...part} datasource={datasource} dimensions={dimensions} range={range} />
      <Stack direction="row" gap={2} wrap="wrap" alignItems="flex-start">
        <ClusterPart {...part} datasource={datasource} range={range} />
        <SuppressedPart {...part} />
      </Stack>
    </Stack>
  );
}
