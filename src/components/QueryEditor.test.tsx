import { act, render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import React, { useState } from 'react';

import { type DataSource } from '../datasource';
import { type CrashQuery } from '../types';

import QueryEditor, { type Props } from './QueryEditor';

const archive = {
  dimensions: async () => [
    { name: 'crash.class', help: 'Class' },
    { name: 'host.name', help: 'Name of the host' },
  ],
  dimensionValues: async () => [{ value: 'leaf-1', crashes: 3 }],
  clusters: async () => [],
} as unknown as DataSource;

function Stateful({
  initial,
  onSave,
  ...rest
}: { initial: CrashQuery; onSave: (q: CrashQuery) => void } & Partial<Props>) {
  const [query, setQuery] = useState(initial);
  const onChange = (q: CrashQuery) => {
    setQuery(q);
    onSave(q);
  };
  return <QueryEditor datasource={archive} onRunQuery={jest.fn()} {...rest} query={query} onChange={onChange} />;
}

async function show(initial: CrashQuery, rest: Partial<Props> = {}) {
  const onSave = jest.fn<void, [CrashQuery]>();
  await act(async () => render(<Stateful initial={initial} onSave={onSave} {...rest} />));
  return { onSave, saved: () => onSave.mock.lastCall?.[0] };
}

it('shows a default question at once', async () => {
  await show({ refId: 'A' });
  expect(await screen.findByLabelText('Show')).toHaveValue('Epidemic curve');
  expect(screen.getByLabelText('Count')).toHaveValue('Crashes');
  expect(screen.getByText('crash.class')).toBeInTheDocument();
});

it('shows the parts of the chosen query type only', async () => {
  await show({ refId: 'A', query: { type: 'records' } });
  expect(screen.getByLabelText('Limit')).toBeInTheDocument();
  expect(screen.queryByLabelText('Group by')).not.toBeInTheDocument();
});

it('switches to text and back by keyboard', async () => {
  const { saved } = await show({ refId: 'A', query: { type: 'clusters', limit: 5 } });
  await userEvent.click(screen.getByLabelText('JSON'));
  expect(JSON.parse(saved()!.raw!)).toEqual({ type: 'clusters', limit: 5 });
  const text = screen.getByRole('textbox', { name: /^Query/ });
  await userEvent.clear(text);
  await userEvent.type(text, '{{"type":"clusters","limit":6}{Control>}{Enter}{/Control}');
  expect(saved()!.raw).toBe('{"type":"clusters","limit":6}');
  await userEvent.click(screen.getByLabelText('Builder'));
  expect(saved()!.query).toEqual({ type: 'clusters', limit: 6 });
});

it('stays in text and says why when the form would lose something', async () => {
  const { onSave } = await show({ refId: 'A', mode: 'raw', raw: '{"limit": $limit}' });
  await userEvent.click(screen.getByLabelText('Builder'));
  expect(screen.getByText(/not JSON, or holds variables/)).toBeInTheDocument();
  expect(onSave).not.toHaveBeenCalled();
});

it('adds and removes a filter, and asks only when it is complete', async () => {
  const onRunQuery = jest.fn();
  const { saved } = await show({ refId: 'A', query: { type: 'records' } }, { onRunQuery });
  await userEvent.click(screen.getByRole('button', { name: 'Add filter' }));
  expect(saved()!.query!.filters).toEqual([{ dimension: '', op: '=', values: [] }]);
  expect(onRunQuery).not.toHaveBeenCalled();
  expect(screen.getByText('Choose a dimension.')).toBeInTheDocument();
  await userEvent.click(screen.getByRole('button', { name: /Remove filter/ }));
  expect(saved()!.query!.filters).toBeUndefined();
  expect(onRunQuery).toHaveBeenCalledTimes(1);
});

it('shows what the archive refuses where the mistake is', async () => {
  const message = 'filters[0].values[0]: error parsing regexp: missing closing )';
  const filters = [{ dimension: 'host.name', op: '=~' as const, values: ['('] }];
  const data = { errors: [{ refId: 'A', message }] } as unknown as Props['data'];
  await show({ refId: 'A', query: { type: 'records', filters } }, { data });
  expect(screen.getByText('error parsing regexp: missing closing )')).toBeInTheDocument();
});

it('says that the dimensions could not be listed', async () => {
  const down = { ...archive, dimensions: () => Promise.reject({ data: { message: 'connection refused' } }) };
  await show({ refId: 'A' }, { datasource: down as unknown as DataSource });
  await waitFor(() => expect(screen.getByText('connection refused')).toBeInTheDocument());
});
