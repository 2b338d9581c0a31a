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
      fields: frame.fields.map((f) => (columns.includes(f.name) ? linked(f, frame, open) : f)),
    };
  });
}

/** The value of another column in the row of a cell; of the only row, whatever the cell holds. */
function inSameRow(frame: DataFrame, field: Field, cell: string, name: string): string {
  const row = frame.length === 1 ? 0 : field.values.findIndex((v) => String(v) === cell);
  const value = frame.fields.find((f) => f.name === name)?.values[row];
  return value === undefined || value === null ? '' : String(value);
}

function linked(field: Field, frame: DataFrame, open: Open): Field {
  const undo = frame.name === 'fixes';
  const link: DataLink = {
    title: undo ? t('ledger.undo-link', 'Undo this fix…') : t('ledger.link', 'Fix, label or note…'),
    url: '',
    onClick: ({ replaceVariables }) => {
      const replaced = (text: string) => {
        const value = replaceVariables?.(text) ?? '';
        return value === text ? '' : value;
      };
      // A panel's transformation may have dropped the column of the cluster: then
      // the cell that was clicked says which row of the answer it is.
      const read = (name: string) =>
        replaced(`\${__data.fields.${name}}`) || inSameRow(frame, field, replaced('${__value.raw}'), name);
      open(read('cluster'), undo ? read('event') : undefined);
    },
  };
  return { ...field, config: { ...field.config, links: [...(field.config.links ?? []), link] } };
}
