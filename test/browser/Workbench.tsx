import {
  type DataFrame,
  type DataSourceApi,
  type DataSourceInstanceSettings,
  type DataSourcePlugin,
  dateTime,
  getFieldDisplayName,
  LoadingState,
  type PanelData,
  type TimeRange,
} from '@grafana/data';
import { Button } from '@grafana/ui';
import React, { useEffect, useMemo, useState } from 'react';

interface Props {
  plugin: DataSourcePlugin<any>;
}

const query = new URLSearchParams(location.search);
const range: TimeRange = {
  from: dateTime(Number(query.get('from'))),
  to: dateTime(Number(query.get('to'))),
  raw: { from: 'now-7d', to: 'now' },
};
const settings = {
  id: 1,
  uid: 'epicurve',
  type: 'epicurve-crasharchive-datasource',
  name: 'Archive',
  url: '/archive',
  access: 'proxy',
  jsonData: {},
  meta: { id: 'epicurve-crasharchive-datasource', info: {} },
} as unknown as DataSourceInstanceSettings;

/** Both editors of the plugin, a button that asks, and the answer. */
export function Workbench({ plugin }: Props) {
  const source = useMemo<DataSourceApi<any>>(() => new plugin.DataSourceClass(settings), [plugin]);
  const [target, setTarget] = useState<any>({ refId: 'A', ...source.getDefaultQuery?.('panel-editor' as never) });
  const [options, setOptions] = useState<any>({ url: '', jsonData: {}, secureJsonFields: {}, basicAuthUser: '' });
  const [answer, setAnswer] = useState<PanelData>();
  const [health, setHealth] = useState('');
  const [asked, ask] = useState(0);
  const Query = plugin.components.QueryEditor!;
  const Config = plugin.components.ConfigEditor! as React.ComponentType<any>;

  useEffect(() => {
    const request: any = {
      requestId: 'r',
      app: 'dashboard',
      targets: [target],
      range,
      timezone: 'utc',
      intervalMs: 600_000,
      maxDataPoints: 1000,
      scopedVars: {},
    };
    const panel = (source.query(request) as any).subscribe((r: any) =>
      setAnswer({
        state: LoadingState.Done,
        series: r.data,
        errors: r.errors ?? (r.error && [r.error]),
        timeRange: range,
      })
    );
    return () => panel.unsubscribe();
  }, [source, target, asked]);

  const test = () =>
    (source as any).testDatasource().then(
      (r: any) => setHealth(r.message),
      (e: any) => setHealth(e.message)
    );

  return (
    <main style={{ padding: 16 }}>
      <h2>Query</h2>
      <Query
        datasource={source}
        query={target}
        range={range}
        data={answer}
        onChange={setTarget}
        onRunQuery={() => ask((n) => n + 1)}
      />
      <pre data-testid="target" hidden>
        {JSON.stringify(target)}
      </pre>
      <h2>Answer</h2>
      <div data-testid="answer">
        {answer?.errors?.length ? answer.errors[0].message : <Frames frames={answer?.series} />}
      </div>
      <h2>Settings</h2>
      <Config options={options} onOptionsChange={setOptions} />
      <Button onClick={test}>Save &amp; test</Button>
      <p data-testid="health">{health}</p>
    </main>
  );
}

/** What Grafana puts in for ${__data.fields.NAME} in the row that was clicked. */
function rowText(frame: DataFrame, row: number) {
  return (text: string) =>
    text.replace(/\$\{__data\.fields\.(\w+)\}/g, (all, name) => {
      const field = frame.fields.find((f) => f.name === name);
      return field ? String(field.values[row]) : all;
    });
}

function Frames({ frames = [] }: { frames?: DataFrame[] }) {
  return (
    <>
      {frames.map((frame, i) => (
        <table key={i} data-testid="frame" data-type={frame.meta?.type} cellPadding={4}>
          <thead>
            <tr>
              {frame.fields.map((f) => (
                <th key={f.name}>{getFieldDisplayName(f, frame, frames)}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {Array.from({ length: Math.min(frame.length, 4) }, (_, row) => (
              <tr key={row}>
                {frame.fields.map((f) => (
                  <td key={f.name}>
                    {String(JSON.stringify(f.values[row]))}
                    {f.config.links?.map((link) => (
                      <button
                        key={link.title}
                        onClick={() => link.onClick?.({ replaceVariables: rowText(frame, row) } as any)}
                      >
                        {link.title}
                      </button>
                    ))}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      ))}
    </>
  );
}
