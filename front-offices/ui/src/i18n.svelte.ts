import { prefs, type Language } from "./prefs.svelte.ts";

export type Catalogue = Record<string, string>;

/**
 * Texts by key. English is loaded with the page, the others when they are chosen. `{name}` in a text is filled from `values`; a text
 * with `{count}` may have a sibling `key_one`, which the plural rules of the language select.
 */
export class Texts {
  #catalogues = $state.raw<Partial<Record<Language, Catalogue>>>({});
  readonly #english: Catalogue;
  readonly #load: Record<Exclude<Language, "en">, () => Promise<{ default: Catalogue }>>;

  constructor(english: Catalogue, load: Record<Exclude<Language, "en">, () => Promise<{ default: Catalogue }>>) {
    this.#english = english;
    this.#load = load;
  }

  async use(language: Language): Promise<void> {
    if (language === "en" || this.#catalogues[language]) return;
    const catalogue = (await this.#load[language]()).default;
    this.#catalogues = { ...this.#catalogues, [language]: catalogue };
  }

  get = (key: string, values: Record<string, string | number> = {}): string => {
    const catalogue = prefs.language === "en" ? this.#english : (this.#catalogues[prefs.language] ?? this.#english);
    let text = catalogue[key];
    if (typeof values.count === "number" && new Intl.PluralRules(prefs.language).select(values.count) === "one") text = catalogue[`${key}_one`] ?? text;
    text ??= this.#english[key] ?? key;
    return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
  };

  /** True where the catalogue holds the key; for keys made from data. */
  has = (key: string): boolean => key in this.#english;
}
