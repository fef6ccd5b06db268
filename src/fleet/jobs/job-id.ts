/** An id nobody else takes, that sorts by time: `job-20260131-101500-k3f9`. */
export function newJobId(now: number, random: () => number): string {
  const [date = '', time = ''] = new Date(now).toISOString().split('T');
  const tail = Math.floor(random() * 36 ** 4)
    .toString(36)
    .padStart(4, '0');
  return `job-${date.replaceAll('-', '')}-${time.slice(0, 8).replaceAll(':', '')}-${tail}`;
}
