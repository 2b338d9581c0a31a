import { type ComboboxOption } from '@grafana/ui';

import { type Dimension } from '../choices';

/** The dimensions as options, with those in use that the archive did not list. */
export function dimensionOptions(dimensions: Dimension[], inUse: string[]): ComboboxOption[] {
  const listed = dimensions.map((d) => ({ value: d.name, label: d.name, description: d.help }));
  const others = inUse.filter((name) => name !== '' && !dimensions.some((d) => d.name === name));
  return [...others.map((name) => ({ value: name, label: name })), ...listed];
}
