/** What a visitor chose about how pages look: kept in localStorage, so it needs no account. */

export type Theme = "light" | "dark" | "system";
export const languages = ["en", "fr", "de"] as const;
export type Language = (typeof languages)[number];

function kept(name: string): string | null {
  try {
    return localStorage.getItem(`nadir.${name}`);
  } catch {
    return null;
  }
}

function firstLanguage(): Language {
  const wanted = [kept("language"), ...(typeof navigator === "undefined" ? [] : navigator.languages)];
  for (const tag of wanted) {
    const known = languages.find((language) => tag?.toLowerCase().startsWith(language));
    if (known) return known;
  }
  return "en";
}

const dark = typeof matchMedia === "undefined" ? undefined : matchMedia("(prefers-color-scheme: dark)");

class Preferences {
  theme = $state<Theme>((kept("theme") as Theme | null) ?? "system");
  language = $state<Language>(firstLanguage());
  #systemDark = $state(dark?.matches ?? false);
  /** The light that is really on. */
  readonly light = $derived<"light" | "dark">(this.theme === "system" ? (this.#systemDark ? "dark" : "light") : this.theme);

  constructor() {
    dark?.addEventListener("change", (event) => {
      this.#systemDark = event.matches;
      this.apply();
    });
    this.apply();
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    localStorage.setItem("nadir.theme", theme);
    this.apply();
  }

  setLanguage(language: Language): void {
    this.language = language;
    localStorage.setItem("nadir.language", language);
    this.apply();
  }

  apply(): void {
    if (typeof document === "undefined") return;
    document.documentElement.dataset.theme = this.light;
    document.documentElement.lang = this.language;
  }
}

export const prefs = new Preferences();
