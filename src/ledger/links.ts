import { type DataFrame, type DataLink, type Field } from '@grafana/data';
import { t } from '@grafana/i18n';

/** Opens the dialog for a cluster, or to undo an event of it. */
export type Open = (cluster: string, revokes?: string) => void;

/** The columns that carry the link, by the name of the data frame. */
const COLUMNS: Record<string, string[]> = {
  clusters: ['kind'],
  verdict: ['sentence'],
  ledger: ['label', 'cause'],
  fixes: ['fix'],
};

/** Adds "write to the ledger" to the cells of tables that speak of clusters. */
export function withLedgerLinks(frames: DataFrame[], open: Open): DataFrame[] {
  return frames.map((frame) => {
    const columns = COLUMNS[frame.name ?? ''] ?? [];
    const cluster = frame.fields.find((f) => f.name === 'cluster');
    if (columns.length === 0 || !cluster) {
      return frame;
    }
    return {
      ...frame,
      fields: frame.fields.map((f) => (columns.includes(f.name) ? linked(f, frame.name === 'fixes', open) : f)),
    };
  });
}

function linked(field: Field, undo: boolean, open: Open): Field {
  const link: DataLink = {
    title: undo ? t('ledger.undo-link', 'Undo this fix…') : t('ledger.link', 'Fix, label or note…'),
    url: '',
    onClick: ({ replaceVariables }) => {
      const read = (name: string) => {
        const text = `\${__data.fields.${name}}`;
        const value = replaceVariables?.(text) ?? '';
        return value === text ? '' : value;
      };
      open(read('cluster'), undo ? read('event') : undefined);
    },
  };
  return { ...field, config: { ...field.config, links: [...(field.config.links ?? []), link] } };
}
