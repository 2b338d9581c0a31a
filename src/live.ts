import {
  type DataFrame,
  dataFrameToJSON,
  type DataQueryRequest,
  type DataQueryResponse,
  LiveChannelScope,
  StreamingFrameAction,
} from '@grafana/data';
import { type GrafanaLiveSrv } from '@grafana/runtime';
import { merge, type Observable, of } from 'rxjs';

import { type CrashQuery } from './types';

/** The channel that continues a data frame, as the back end names it (pkg/plugin/query_records_live.go). */
interface Channel {
  path: string;
  question: unknown;
}

/** Rows that a live panel keeps when its query names no limit. */
const KEPT = 500;

/**
 * Lets data frames that name a channel go on with what comes over it. The
 * question goes along with the subscription: the server keeps none.
 */
export function withStreaming(
  response: DataQueryResponse,
  request: DataQueryRequest<CrashQuery>,
  uid: string,
  live: GrafanaLiveSrv | undefined
): Observable<DataQueryResponse> {
  const frames: DataFrame[] = response.data;
  if (!live || !frames.some(channelOf)) {
    return of(response);
  }
  const still = frames.filter((f) => !channelOf(f));
  const streams = frames.flatMap((frame) => {
    const channel = channelOf(frame);
    return channel ? [stream(frame, channel, request, uid, live)] : [];
  });
  const rest = still.length > 0 ? [of({ ...response, data: still, key: `${request.requestId}-still` })] : [];
  return merge(...rest, ...streams);
}

function stream(
  frame: DataFrame,
  { path, question }: Channel,
  request: DataQueryRequest<CrashQuery>,
  uid: string,
  live: GrafanaLiveSrv
): Observable<DataQueryResponse> {
  const target = request.targets.find((q) => q.refId === frame.refId);
  return live.getDataStream({
    addr: { scope: LiveChannelScope.DataSource, stream: uid, path, data: question },
    frame: dataFrameToJSON(frame),
    key: `${request.requestId}-${frame.refId}`,
    buffer: { maxLength: target?.query?.limit ?? KEPT, action: StreamingFrameAction.Append },
  });
}

function channelOf(frame: DataFrame): Channel | undefined {
  return frame.meta?.custom?.live;
}
