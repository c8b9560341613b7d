import { Problem } from "@nadir/sdk";
import { Texts } from "@nadir/ui/i18n.svelte.ts";
import { money as moneyText } from "@nadir/ui/format.ts";
import en from "./i18n/en.json";

export const texts = new Texts(en, { fr: () => import("./i18n/fr.json"), de: () => import("./i18n/de.json") });
export const t = texts.get;
export const money = (minor: number, currency: string) => moneyText(minor, currency, t("credits"));

export function why(error: unknown): string {
  if (error instanceof Problem && error.status === 0) return t("unreachable");
  return error instanceof Error ? error.message : String(error);
}
