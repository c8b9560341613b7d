import type { Legend, StacItem, ViewInfo } from "@nadir/sdk";
import { shared } from "../map/shared.svelte.ts";
import { local, nadir, oauth } from "./api.ts";
import { why } from "./i18n.ts";
import { keyOf } from "./search.svelte.ts";

/** The scene on the map: its styles, the one on show, its opacity. */
class SceneLayer {
  item = $state.raw<StacItem | undefined>();
  info = $state.raw<ViewInfo | undefined>();
  style = $state("");
  opacity = $state(1);
  failure = $state("");
  legend = $state.raw<Legend | undefined>();
  #shown = "";

  async open(item: StacItem, style?: string): Promise<void> {
    if (this.item && keyOf(this.item) === keyOf(item) && this.info) return;
    this.close();
    this.item = item;
    try {
      const info = await nadir.view.info(item.collection, item.id);
      if (this.item !== item) return;
      this.info = info;
      // What a job has computed is best seen by its values, a scene by its colours.
      const computed = isPrivate(item) ? info.styles.find((candidate) => candidate.legend) : undefined;
      this.choose(info.styles.find((candidate) => candidate.id === style)?.id ?? computed?.id ?? info.styles[0]?.id ?? "");
    } catch (error) {
      if (this.item === item) this.failure = why(error);
    }
  }

  choose(style: string): void {
    const template = this.info?.tiles[style];
    if (!this.item || !this.info || !template) return;
    this.style = style;
    void this.#loadLegend(style);
    const key = `${this.item.collection}/${this.item.id}/${style}`;
    if (key === this.#shown) return;
    this.#shown = key;
    const url = local(template).replaceAll("%7B", "{").replaceAll("%7D", "}");
    shared.earth?.scene({
      url,
      bounds: this.info.bounds,
      minzoom: this.info.minzoom,
      maxzoom: this.info.maxzoom,
      // A private scene's tiles are nobody's business: ask with the token. Public ones come without, so that caches can serve them.
      ...(isPrivate(this.item) && oauth.signedIn ? { fetch: (tile: string, signal: AbortSignal) => nadir.view.picture(tile, signal) } : {}),
    });
    shared.earth?.opacity(this.opacity);
  }

  async #loadLegend(style: string): Promise<void> {
    this.legend = undefined;
    const address = this.info?.styles.find((candidate) => candidate.id === style)?.legend;
    if (!address) return;
    const legend = await nadir.http.get<Legend>(local(address)).catch(() => undefined);
    if (this.style === style) this.legend = legend;
  }

  fade(opacity: number): void {
    this.opacity = opacity;
    shared.earth?.opacity(opacity);
  }

  close(): void {
    this.item = undefined;
    this.info = undefined;
    this.style = "";
    this.legend = undefined;
    this.failure = "";
    this.#shown = "";
    shared.earth?.scene(undefined);
  }
}

/** The collection of what jobs have computed; each item in it is seen by its owner, and by those it is shared with. */
const RESULTS = "results";

export function isPrivate(item: StacItem): boolean {
  return item.collection === RESULTS;
}

export const scene = new SceneLayer();
