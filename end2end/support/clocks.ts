// When clocks are set, asked of the browser's own time zone data.

/** Minutes that a zone is ahead of UTC at an instant. */
export function offset(zone: string, at: number): number {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric",
  }).formatToParts(at);
  const part = (type: string) => Number(parts.find((p) => p.type === type)!.value);
  const local = Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"));
  return Math.round((local - Math.floor(at / 60_000) * 60_000) / 60_000);
}

/** The UTC midnight before a zone's clocks are set next. */
export function nextChange(zone: string, from = Date.now()): number {
  const day = 86_400_000;
  let at = Math.floor(from / day) * day + 2 * day;
  while (offset(zone, at) === offset(zone, at + day)) at += day;
  return at;
}

export function isoDate(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

/** The first weekday on or after a date, `days` later. */
export function weekday(at: number, days = 0): number {
  const day = 86_400_000;
  let found = at + days * day;
  while ([0, 6].includes(new Date(found).getUTCDay())) found += day;
  return found;
}
