/** Runs `work` `total` times with at most `width` on at once; returns how many were done per second. */
export async function perSecond(total: number, width: number, work: (index: number) => Promise<unknown>): Promise<number> {
  let next = 0;
  const begin = performance.now();
  await Promise.all(
    Array.from({ length: width }, async () => {
      while (next < total) await work(next++);
    }),
  );
  return (total / (performance.now() - begin)) * 1_000;
}
