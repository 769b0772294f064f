// Zones to choose from: what to call them, one of their names in the tz database, the POSIX TZ string.
// MIT license; Copyright (c) 2026 the aioschedule authors

export const ZONES = [
  ["UTC", "Etc/UTC", "UTC0"],
  ["Honolulu", "Pacific/Honolulu", "HST10"],
  ["Los Angeles, Vancouver", "America/Los_Angeles", "PST8PDT,M3.2.0,M11.1.0"],
  ["Phoenix", "America/Phoenix", "MST7"],
  ["Denver, Calgary", "America/Denver", "MST7MDT,M3.2.0,M11.1.0"],
  ["Chicago, Winnipeg", "America/Chicago", "CST6CDT,M3.2.0,M11.1.0"],
  ["New York, Toronto", "America/New_York", "EST5EDT,M3.2.0,M11.1.0"],
  ["St. John's", "America/St_Johns", "NST3:30NDT,M3.2.0,M11.1.0"],
  ["São Paulo, Buenos Aires", "America/Sao_Paulo", "<-03>3"],
  ["London, Dublin, Lisbon", "Europe/London", "GMT0BST,M3.5.0/1,M10.5.0"],
  ["Lagos", "Africa/Lagos", "WAT-1"],
  ["Berlin, Paris, Rome, Madrid", "Europe/Berlin", "CET-1CEST,M3.5.0,M10.5.0/3"],
  ["Johannesburg", "Africa/Johannesburg", "SAST-2"],
  ["Athens, Helsinki, Kyiv", "Europe/Athens", "EET-2EEST,M3.5.0/3,M10.5.0/4"],
  ["Nairobi", "Africa/Nairobi", "EAT-3"],
  ["Dubai", "Asia/Dubai", "<+04>-4"],
  ["Delhi, Mumbai", "Asia/Kolkata", "IST-5:30"],
  ["Kathmandu", "Asia/Kathmandu", "<+0545>-5:45"],
  ["Bangkok, Hanoi", "Asia/Bangkok", "<+07>-7"],
  ["Beijing, Shanghai", "Asia/Shanghai", "CST-8"],
  ["Singapore", "Asia/Singapore", "<+08>-8"],
  ["Tokyo", "Asia/Tokyo", "JST-9"],
  ["Adelaide", "Australia/Adelaide", "ACST-9:30ACDT,M10.1.0,M4.1.0/3"],
  ["Sydney, Melbourne", "Australia/Sydney", "AEST-10AEDT,M10.1.0,M4.1.0/3"],
  ["Lord Howe Island", "Australia/Lord_Howe", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"],
  ["Auckland", "Pacific/Auckland", "NZST-12NZDT,M9.5.0,M4.1.0/3"],
];

/** The zone of this computer, if it is in the list, else UTC. */
export function zoneHere() {
  const now = new Date();
  const name = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const same = ZONES.find((zone) => zone[1] === name);
  // A neighbour will do: one whose clocks show the same all year long
  const days = [0, 91, 182, 273].map((day) => new Date(now.getTime() + day * 86400000));
  const shows = (zone) =>
    days.map((day) => day.toLocaleString("en-GB", zone ? { timeZone: zone } : undefined)).join();
  return same || ZONES.find((zone) => shows(zone[1]) === shows()) || ZONES[0];
}
