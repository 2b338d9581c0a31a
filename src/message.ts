/** The text of whatever was thrown: a refused request of Grafana's, or an error. */
export function messageOf(err: unknown): string {
  if (typeof err === 'object' && err !== null) {
    const { data, message, statusText } = err as { data?: { message?: string }; message?: string; statusText?: string };
    return data?.message ?? message ?? statusText ?? String(err);
  }
  return String(err);
}
