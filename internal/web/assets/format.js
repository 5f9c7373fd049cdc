// How numbers and times are written.

const units = ["", "k", "M", "G", "T", "P"];

// scaled is a number with three digits and the prefix of its unit.
export function scaled(n, unit) {
  let i = 0;
  while (n >= 1000 && i < units.length - 1) {
    n /= 1000;
    i++;
  }
  const digits = n >= 100 || i === 0 ? 0 : n >= 10 ? 1 : 2;
  return `${n.toFixed(digits)} ${units[i]}${unit}`;
}

// rate is octets a second as bits; a rate that is not known is a dash.
export function rate(octets) {
  return octets === null ? "–" : scaled(8 * octets, "b/s");
}

const two = (n) => String(n).padStart(2, "0");

// age is a time span as routers write it: 00:12:34, 3d18h, 2w4d.
export function age(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 86400) {
    return `${two(Math.floor(s / 3600))}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
  }
  const days = Math.floor(s / 86400);
  return days < 7 ? `${days}d${two(Math.floor(s / 3600) % 24)}h` : `${Math.floor(days / 7)}w${days % 7}d`;
}

// clock is a moment in the time of the reader's clock: 2026-01-02 03:04:05.
export function clock(iso) {
  const t = new Date(iso);
  return `${t.getFullYear()}-${two(t.getMonth() + 1)}-${two(t.getDate())} ${two(t.getHours())}:${two(t.getMinutes())}:${two(t.getSeconds())}`;
}
