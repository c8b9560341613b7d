/** Where the visitor is, kept in the fragment so that it needs nothing of the server: `#/scene/landsat-7/olinda?style=ndvi`. */
class Route {
  path = $state<string[]>([]);
  query = $state.raw(new URLSearchParams());
  /** The fragment that `path` and `query` were read from or written to. */
  #hash = "";

  constructor() {
    this.read();
    addEventListener("hashchange", () => this.read());
  }

  get page(): string {
    return this.path[0] ?? "explore";
  }

  go(path: string[], query?: URLSearchParams): void {
    location.hash = href(path, query);
  }

  /** Changes the query without a new entry in the history. A link that was followed since, but not told of yet, wins. */
  replace(query: URLSearchParams): void {
    if (location.hash !== this.#hash) return this.read();
    const hash = href(this.path, query);
    if (hash !== location.hash) history.replaceState(history.state, "", hash);
    this.#hash = location.hash;
    this.query = query;
  }

  /** Takes over the address bar. */
  read(): void {
    this.#hash = location.hash;
    const [path = "", query = ""] = location.hash.replace(/^#\/?/, "").split(/\?(.*)/s);
    this.path = path.split("/").filter(Boolean).map((segment) => {
      try {
        return decodeURIComponent(segment);
      } catch {
        return segment;
      }
    });
    this.query = new URLSearchParams(query);
  }
}

export function href(path: string[], query?: URLSearchParams): string {
  const text = query?.toString();
  return `#/${path.map(encodeURIComponent).join("/")}${text ? `?${text}` : ""}`;
}

export const route = new Route();
