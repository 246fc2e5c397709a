/** The words of an error: ours name the object and the remedy, others get one. */
export function messageOf(error: unknown): string {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  if (name.endsWith('Error') && !['Error', 'TypeError', 'OperationError'].includes(name)) {
    return message;
  }
  return `${message.replace(/\.?$/, '.')} Reset and start again; if that does not help, reload the page.`;
}
