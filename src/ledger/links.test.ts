import { type DataFrame, FieldType, toDataFrame } from '@grafana/data';

import { withLedgerLinks } from './links';

function table(name: string, columns: Record<string, string>): DataFrame {
  const fields = Object.entries(columns).map(([n, value]) => ({ name: n, type: FieldType.string, values: [value] }));
  return toDataFrame({ name, fields });
}

function click(frame: DataFrame, column: string, columns: Record<string, string>) {
  const link = frame.fields.find((f) => f.name === column)?.config.links?.[0];
  const replaceVariables = (text: string) =>
    text.replace(/\$\{__data\.fields\.(\w+)\}/g, (all, n) => columns[n] ?? all);
  link?.onClick?.({ origin: undefined, replaceVariables });
  return link?.title;
}

it.each([
  ['clusters', 'kind', { cluster: 'other/x', kind: 'abort' }, ['other/x', undefined], /Fix, label/],
  ['verdict', 'sentence', { cluster: 'other/x', sentence: 'gone' }, ['other/x', undefined], /Fix, label/],
  ['fixes', 'fix', { cluster: 'other/x', fix: 'done', event: 'id-1' }, ['other/x', 'id-1'], /Undo/],
])('opens the dialog from %s, column %s', (name, column, columns, want, title) => {
  const open = jest.fn();
  const [frame] = withLedgerLinks([table(name, columns)], open);
  expect(click(frame, column, columns)).toMatch(title);
  expect(open).toHaveBeenCalledWith(...want);
});

it('knows the cluster where a transformation dropped its column', () => {
  const open = jest.fn();
  const [frame] = withLedgerLinks(
    [
      toDataFrame({
        name: 'clusters',
        fields: [
          { name: 'cluster', type: FieldType.string, values: ['other/x', 'other/y'] },
          { name: 'kind', type: FieldType.string, values: ['abort', 'assert'] },
        ],
      }),
    ],
    open
  );
  const link = frame.fields[1].config.links![0];
  const replaceVariables = (text: string) => text.replace('${__value.raw}', 'assert');
  link.onClick!({ origin: undefined, replaceVariables });
  expect(open).toHaveBeenCalledWith('other/y', undefined);
});

it('leaves other data frames as they are', () => {
  const frame = table('crashes', { cluster: 'other/x', kind: 'abort' });
  expect(withLedgerLinks([frame], jest.fn())[0]).toBe(frame);
});
