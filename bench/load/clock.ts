/** Microseconds of a clock that all processes of a machine share, so that one can tell how long ago another did something. */
export function microseconds(): number {
  return Number(process.hrtime.bigint() / 1_000n);
}
