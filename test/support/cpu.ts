/** Milliseconds of processor that an act takes. Those on the clock tell more of what else the machine does. */
export function cpuMs(act: () => void): number {
  const before = process.cpuUsage();
  act();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}
