import { Problem } from "@nadir/sdk";
import { Texts } from "@nadir/ui/i18n.svelte.ts";
import en from "./i18n/en.json";

export const texts = new Texts(en, { fr: () => import("./i18n/fr.json"), de: () => import("./i18n/de.json") });
export const t = texts.get;
export { money } from "@nadir/ui/format.ts";

export function why(error: unknown): string {
  if (error instanceof Problem && error.status === 0) return t("unreachable");
  return error instanceof Error ? error.message : String(error);
}
