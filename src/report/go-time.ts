/** How Go prints the zero time, which stands for "not set". */
const ZERO_TIME = '0001-01-01 00:00:00 +0000 UTC';

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,](\d+))?(?:Z|[+-]\d\d:\d\d)$/;

/**
 * A time as Go's `Time.String` prints it, `2017-06-04 21:45:56 -0700 PDT`, in a time zone.
 * @param timestamp RFC 3339; absent, or not that, gives Go's zero time
 * @param timeZone an IANA name; an unknown one means UTC, as in Go
 */
export function goTime(timestamp: string | undefined, timeZone: string): string {
  const match = timestamp === undefined ? null : RFC3339.exec(timestamp);
  if (match === null) return ZERO_TIME;
  const seconds = Date.parse(match[0].replace(/[.,]\d+/, ''));
  if (Number.isNaN(seconds)) return ZERO_TIME;
  const fraction = (match[1] ?? '').slice(0, 9).replace(/0+$/, '');
  const zone = zoneAt(seconds, timeZone);
  const local = new Date(seconds + zone.minutes * 60_000).toISOString();
  const clock = local.slice(0, local.length - '.000Z'.length).replace('T', ' ');
  return `${clock}${fraction === '' ? '' : `.${fraction}`} ${zone.offset} ${zone.name}`;
}

interface Zone {
  readonly minutes: number;
  /** `-0700` */
  readonly offset: string;
  /** `PDT`, or a number where the time zone database has no letters: `+0530`, `-03`. */
  readonly name: string;
}

const UTC: Zone = { minutes: 0, offset: '+0000', name: 'UTC' };

/** The locales that among them know most abbreviations of the time zone database. */
const LOCALES = ['en-US', 'en-GB', 'en-AU', 'en-ZA'];

function zoneAt(milliseconds: number, timeZone: string): Zone {
  if (timeZone === 'UTC' || timeZone === '') return UTC;
  let canonical: string;
  try {
    canonical = new Intl.DateTimeFormat('en-US', { timeZone }).resolvedOptions().timeZone;
  } catch {
    return UTC;
  }
  if (canonical === 'UTC') return /GMT|Greenwich/.test(timeZone) ? { ...UTC, name: 'GMT' } : UTC;
  const long = zoneName(milliseconds, canonical, 'en-US', 'longOffset');
  const match = /([+-])(\d\d):(\d\d)/.exec(long);
  const [sign, hours, minutes] = [match?.[1] ?? '+', match?.[2] ?? '00', match?.[3] ?? '00'];
  const size = Number(hours) * 60 + Number(minutes);
  const offset = `${sign}${hours}${minutes}`;
  const numeric = minutes === '00' ? `${sign}${hours}` : offset;
  return {
    minutes: sign === '-' ? -size : size,
    offset,
    name: exceptionalName(canonical, timeZone, offset) ?? knownName(milliseconds, canonical) ?? numeric,
  };
}

function knownName(milliseconds: number, timeZone: string): string | undefined {
  return LOCALES.map((locale) => zoneName(milliseconds, timeZone, locale, 'short')).find((name) =>
    /^[A-Z]+$/.test(name),
  );
}

function zoneName(milliseconds: number, timeZone: string, locale: string, style: 'short' | 'longOffset'): string {
  const format = new Intl.DateTimeFormat(locale, { timeZone, timeZoneName: style });
  return format.formatToParts(milliseconds).find(({ type }) => type === 'timeZoneName')?.value ?? '';
}

/**
 * Abbreviations of the time zone database that the locales lack or have otherwise, by offset. Zones that share a list
 * share a line; `+0800=CST` is the name at that offset.
 */
const EXCEPTIONS: readonly (readonly [zones: string, names: string])[] = [
  ['Africa/Casablanca Africa/El_Aaiun Antarctica/Troll', '+0000=+00'],
  ['Africa/Windhoek', '+0200=CAT +0100=WAT'],
  ['America/Adak', '-1000=HST -0900=HDT'],
  ['America/Chihuahua America/Dawson America/Hermosillo America/Whitehorse', '-0700=MST'],
  ['America/Ciudad_Juarez America/Mazatlan', '-0700=MST -0600=MDT'],
  ['America/Havana', '-0500=CST -0400=CDT'],
  ['America/Miquelon', '-0300=-03 -0200=-02'],
  ['America/St_Johns', '-0330=NST -0230=NDT'],
  ['Antarctica/Casey', '+0800=+08 +1100=+11'],
  ['Asia/Calcutta Asia/Kolkata', '+0530=IST'],
  ['Asia/Colombo', '+0530=+0530'],
  ['Asia/Dubai Asia/Muscat', '+0400=+04'],
  ['Asia/Hong_Kong', '+0800=HKT'],
  ['Asia/Jakarta Asia/Pontianak', '+0700=WIB'],
  ['Asia/Jayapura', '+0900=WIT'],
  ['Asia/Jerusalem', '+0200=IST +0300=IDT'],
  ['Asia/Karachi', '+0500=PKT'],
  ['Asia/Kuala_Lumpur Asia/Kuching Asia/Singapore', '+0800=+08'],
  ['Asia/Macau Asia/Shanghai Asia/Taipei', '+0800=CST'],
  ['Asia/Makassar', '+0800=WITA'],
  ['Asia/Manila', '+0800=PST'],
  ['Asia/Pyongyang', '+0900=KST +0830=KST'],
  ['Asia/Seoul', '+0900=KST'],
  ['Asia/Tokyo', '+0900=JST'],
  ['Australia/Eucla', '+0845=+0845'],
  ['Australia/Lord_Howe', '+1030=+1030 +1100=+11'],
  ['Europe/Dublin', '+0100=IST'],
  ['Europe/Guernsey Europe/Isle_of_Man Europe/Jersey', '+0100=BST'],
  ['Europe/Kirov Europe/Moscow Europe/Simferopol Europe/Volgograd', '+0300=MSK'],
  ['MET', '+0100=MET +0200=MEST'],
  ['Pacific/Chatham', '+1245=+1245 +1345=+1345'],
  ['Pacific/Guam Pacific/Saipan', '+1000=ChST'],
  ['Pacific/Midway Pacific/Pago_Pago', '-1100=SST'],
];

function exceptionalName(canonical: string, timeZone: string, offset: string): string | undefined {
  for (const [zones, names] of EXCEPTIONS) {
    const listed = zones.split(' ').some((zone) => zone === canonical || zone === timeZone);
    if (!listed) continue;
    const entry = names.split(' ').find((name) => name.startsWith(`${offset}=`));
    return entry?.slice(offset.length + 1);
  }
  return undefined;
}
