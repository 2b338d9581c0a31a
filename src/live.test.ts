import { type DataQueryRequest, type DataQueryResponse, toDataFrame } from '@grafana/data';
import { type GrafanaLiveSrv } from '@grafana/runtime';
import { lastValueFrom, of, toArray } from 'rxjs';

import { withStreaming } from './live';
import { type CrashQuery } from './types';

const question = { filters: [{ dimension: 'host.name', op: '=', values: ['a'] }] };
const lively = toDataFrame({
  refId: 'A',
  fields: [{ name: 'time', values: [1] }],
  meta: { custom: { live: { path: 'records/x', question } } },
});
const still = toDataFrame({ refId: 'B', fields: [{ name: 'time', values: [1] }] });
const request = {
  requestId: 'Q1',
  targets: [{ refId: 'A', query: { type: 'records', limit: 7 } }, { refId: 'B' }],
} as DataQueryRequest<CrashQuery>;

it('subscribes with the question and keeps as many rows as the query asks for', async () => {
  const getDataStream = jest.fn(() => of({ data: ['streamed'] } as unknown as DataQueryResponse));
  const live = { getDataStream } as unknown as GrafanaLiveSrv;
  const got = await lastValueFrom(withStreaming({ data: [lively, still] }, request, 'uid', live).pipe(toArray()));
  expect(got.map((r) => r.data)).toEqual([[still], ['streamed']]);
  expect(getDataStream).toHaveBeenCalledWith(
    expect.objectContaining({
      addr: expect.objectContaining({ scope: 'ds', stream: 'uid', path: 'records/x', data: question }),
      buffer: expect.objectContaining({ maxLength: 7 }),
    })
  );
});

it('shows what there is where Grafana has no live channels', async () => {
  const response = { data: [lively] };
  expect(await lastValueFrom(withStreaming(response, request, 'uid', undefined))).toBe(response);
});

it('leaves answers that name no channel as they are', async () => {
  const response = { data: [still] };
  const live = { getDataStream: jest.fn() } as unknown as GrafanaLiveSrv;
  expect(await lastValueFrom(withStreaming(response, request, 'uid', live))).toBe(response);
  expect(live.getDataStream).not.toHaveBeenCalled();
});
