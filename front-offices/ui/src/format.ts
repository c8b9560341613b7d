import { prefs } from "./prefs.svelte.ts";

/** Minor units to text, in the manner of the language: `1250, "EUR"` is `€12.50`. */
export function money(minor: number, currency: string): string {
  try {
    const format = new Intl.NumberFormat(prefs.language, { style: "currency", currency });
    const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
    return format.format(minor / 10 ** digits);
  } catch {
    return `${number(minor / 100, 2, 2)} ${currency}`;
  }
}

export function number(value: number, most = 2, least = 0): string {
  return new Intl.NumberFormat(prefs.language, { maximumFractionDigits: most, minimumFractionDigits: least }).format(value);
}

export function bytes(count: number | undefined | null): string {
  if (count === undefined || count === null) return "";
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
  const power = count < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(count) / 3));
  return new Intl.NumberFormat(prefs.language, { style: "unit", unit: units[power], unitDisplay: power ? "short" : "long", maximumSignificantDigits: 3 }).format(count / 1000 ** power);
}

export function date(text: string | null | undefined): string {
  const time = text ? new Date(text) : undefined;
  if (!time || Number.isNaN(time.getTime())) return "";
  return new Intl.DateTimeFormat(prefs.language, { dateStyle: "medium", timeZone: "UTC" }).format(time);
}

export function dateTime(text: string | null | undefined): string {
  const time = text ? new Date(text) : undefined;
  if (!time || Number.isNaN(time.getTime())) return "";
  return new Intl.DateTimeFormat(prefs.language, { dateStyle: "medium", timeStyle: "short" }).format(time);
}
