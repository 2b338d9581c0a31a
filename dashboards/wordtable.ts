import type { DynamicConfigValue } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/table';

import type { Question } from '../src/query/question';
import type { Format } from '../src/types';

import { ARCHIVE, ask } from './ask';
import { emptyCell } from './clusterstable';

/** A table whose texts are wrapped, so that sentences can be read; of the columns named, or of all. */
export function wordTable(title: string, question: Question, format: Format, columns?: string[]): PanelBuilder {
  const panel = new PanelBuilder()
    .title(title)
    .datasource(ARCHIVE)
    .withTarget(ask(question, format))
    .overrideByRegexp('.*', [emptyCell])
    .overrideByFieldType('string', [wrapped]);
  return columns
    ? panel.withTransformation({ id: 'filterFieldsByName', options: { include: { names: columns } } })
    : panel;
}

const wrapped: DynamicConfigValue = { id: 'custom.cellOptions', value: { type: 'auto', wrapText: true } };
