import { useEffect, useState } from 'react';

import { type Dimension } from '../choices';
import { type DataSource } from '../datasource';
import { messageOf } from '../message';

/** The dimensions that the archive knows; the error says why there are none. */
export function useDimensions(datasource: DataSource): { dimensions: Dimension[]; error?: string } {
  const [state, setState] = useState<{ dimensions: Dimension[]; error?: string }>({ dimensions: [] });
  useEffect(() => {
    let wanted = true;
    datasource.dimensions().then(
      (dimensions) => wanted && setState({ dimensions }),
      (err) => wanted && setState({ dimensions: [], error: messageOf(err) })
    );
    return () => {
      wanted = false;
    };
  }, [datasource]);
  return state;
}
