import { Texts } from "@nadir/ui/i18n.svelte.ts";
import { Problem } from "@nadir/sdk";
import en from "../i18n/en.json";

export const texts = new Texts(en, { fr: () => import("../i18n/fr.json"), de: () => import("../i18n/de.json") });
export const t = texts.get;

export { money } from "@nadir/ui/format.ts";

/** A sentence for a failed call: our own for the known problems, else what the server says. */
export function why(error: unknown): string {
  if (error instanceof Problem) {
    const key = `problem.${error.status === 0 ? "unreachable" : error.code}`;
    if (texts.has(key)) return t(key);
    return error.message;
  }
  if (error instanceof Error) return error.message;
  return String(error);
}
