/** @returns what the work resolves to, or `'late'` if that takes longer than `ms`; the work itself goes on */
export async function within<T>(ms: number, work: Promise<T>): Promise<T | 'late'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(resolve, ms, 'late');
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
