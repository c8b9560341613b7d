import type { Geometry, ItemPage, SearchQuery, StacCollection, StacItem } from "@nadir/sdk";
import { nadir } from "./api.ts";
import { areaFromText, areaToText, bboxOf } from "./area.ts";
import { why } from "./i18n.ts";

export const PAGE = 24;
const KEPT = "nadir.search";

/** What is asked for, the answers so far, and both as a share link. */
class Search {
  collection = $state("");
  from = $state("");
  to = $state("");
  /** Per cent; 100 means whatever the cloud cover. */
  cloud = $state(100);
  area = $state.raw<Geometry | undefined>();

  collections = $state.raw<StacCollection[]>([]);
  items = $state.raw<StacItem[]>([]);
  matched = $state<number | undefined>();
  loading = $state(false);
  failure = $state("");
  more = $state(false);
  /** Where the map stood: longitude, latitude, zoom. */
  at = $state("");
  /** Item under the pointer or the keyboard focus, in the list or on the map. */
  hot = $state<string | undefined>();

  #page: ItemPage | undefined;
  #query: SearchQuery = {};
  #abort: AbortController | undefined;
  /** The share link whose answers are on show; a line break is none. */
  #asked = "\n";

  constructor() {
    // Signing in leaves the page: what was looked for must not be lost by it.
    const kept = new URLSearchParams(sessionStorage.getItem(KEPT) ?? "");
    this.fromParams(kept);
    this.at = kept.get("at") ?? "";
  }

  keep(at: string): void {
    this.at = at;
    sessionStorage.setItem(KEPT, this.toLink().toString());
  }

  get filtered(): boolean {
    return Boolean(this.collection || this.from || this.to || this.area || this.cloud < 100);
  }

  async loadCollections(): Promise<void> {
    try {
      this.collections = await nadir.catalogue.collections();
    } catch (error) {
      this.failure = why(error);
    }
  }

  toParams(): URLSearchParams {
    const params = new URLSearchParams();
    if (this.collection) params.set("collection", this.collection);
    if (this.from) params.set("from", this.from);
    if (this.to) params.set("to", this.to);
    if (this.cloud < 100) params.set("cloud", String(this.cloud));
    if (this.area) params.set("area", areaToText(this.area).replaceAll(", ", ","));
    return params;
  }

  /** The search with the part of the map that was last looked at. */
  toLink(): URLSearchParams {
    const params = this.toParams();
    if (this.at) params.set("at", this.at);
    return params;
  }

  fromParams(params: URLSearchParams): void {
    const day = (name: string) => (/^\d{4}-\d{2}-\d{2}$/.test(params.get(name) ?? "") ? (params.get(name) ?? "") : "");
    this.collection = params.get("collection") ?? "";
    this.from = day("from");
    this.to = day("to");
    const cloud = Number(params.get("cloud") ?? 100);
    this.cloud = cloud >= 0 && cloud <= 100 ? cloud : 100;
    try {
      const text = params.get("area");
      this.area = text ? areaFromText(text) : undefined;
    } catch {
      this.area = undefined;
    }
  }

  clear(): void {
    this.fromParams(new URLSearchParams());
  }

  /** The STAC search body of the present form. */
  query(): SearchQuery {
    const query: SearchQuery = { limit: PAGE };
    if (this.collection) query.collections = [this.collection];
    if (this.from || this.to) query.datetime = `${this.from ? `${this.from}T00:00:00Z` : ".."}/${this.to ? `${this.to}T23:59:59Z` : ".."}`;
    if (this.area) {
      const bbox = bboxOf(this.area);
      if (bbox) query.bbox = bbox;
      else query.intersects = this.area;
    }
    if (this.cloud < 100) {
      // Radar scenes know no clouds, and are not hidden by them.
      const cover = { property: "eo:cloud_cover" };
      query.filter = { op: "or", args: [{ op: "<=", args: [cover, this.cloud] }, { op: "isNull", args: [cover] }] };
      query["filter-lang"] = "cql2-json";
    }
    query.sortby = [{ field: "properties.datetime", direction: "desc" }];
    return query;
  }

  /** Asks anew unless these are the answers already on show. */
  async run(force = false): Promise<void> {
    const wanted = this.toParams().toString();
    if (!force && wanted === this.#asked) return;
    this.#asked = wanted;
    this.#abort?.abort();
    const abort = (this.#abort = new AbortController());
    this.loading = true;
    this.failure = "";
    try {
      this.#query = this.query();
      const page = await nadir.catalogue.search(this.#query, abort.signal);
      if (abort.signal.aborted) return;
      this.items = [];
      this.#take(page);
    } catch (error) {
      if (abort.signal.aborted) return;
      this.items = [];
      this.more = false;
      this.failure = why(error);
      this.#asked = "\n";
    }
    this.loading = false;
  }

  /** The answers on show may be out of date: the next run asks anew. */
  forget(): void {
    this.#asked = "\n";
  }

  async next(): Promise<void> {
    if (!this.#page || this.loading) return;
    const abort = this.#abort ?? new AbortController();
    this.loading = true;
    try {
      const page = await nadir.catalogue.next(this.#page, this.#query, abort.signal);
      if (page) this.#take(page);
    } catch (error) {
      if (abort.signal.aborted) return;
      this.failure = why(error);
    }
    this.loading = false;
  }

  #take(page: ItemPage): void {
    const known = new Set(this.items.map(keyOf));
    const fresh = page.features.filter((item) => !known.has(keyOf(item)));
    this.items = [...this.items, ...fresh];
    this.matched = page.numberMatched;
    this.more = page.links?.some((link) => link.rel === "next") ?? false;
    this.#page = page;
  }
}

export function keyOf(item: { collection: string; id: string }): string {
  return `${item.collection}/${item.id}`;
}

export const search = new Search();
