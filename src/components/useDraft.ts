import { useState } from 'react';

/** A text while it is typed; starts over when the saved one changes. */
export function useDraft(saved: string): [string, (text: string) => void] {
  const [draft, setDraft] = useState(saved);
  const [seen, setSeen] = useState(saved);
  if (seen !== saved) {
    setSeen(saved);
    setDraft(saved);
  }
  return [draft, setDraft];
}
