import { Http, pause, type RequestOptions, type TokenSource } from "./http.js";
import type {
  ApiKey, CatalogueExport, Downloads, Estimate, Harvest, HarvestChange, HarvestRefusal, HarvestRun, ItemPage, Job, Kpis, Me, ModuleStatus, Offer, Order, Package, ProcessDescription, ProcessSummary, Quote,
  SavedSearch, SearchMatch, SearchQuery, Share, StacCollection, StacItem, Topup, ViewInfo, Wallet, WalletTransaction, Geometry,
} from "./types.js";

const part = encodeURIComponent;

/** A key that makes one intention happen once, however often it is sent. */
export function newIdempotencyKey(): string {
  return crypto.randomUUID();
}

/** Every public API of a Nadir gateway; one member a module. */
export class Nadir {
  readonly http: Http;
  readonly identity: Identity;
  readonly catalogue: Catalogue;
  readonly searches: Searches;
  readonly harvests: Harvests;
  readonly exports: Exports;
  readonly billing: Billing;
  readonly view: View;
  readonly download: Download;
  readonly processing: Processing;
  readonly sharing: Sharing;
  readonly platform: Platform;

  constructor(base = "", tokens?: TokenSource, fetcher?: typeof fetch) {
    this.http = new Http(base, tokens, fetcher);
    this.identity = new Identity(this.http);
    this.catalogue = new Catalogue(this.http);
    this.searches = new Searches(this.http);
    this.harvests = new Harvests(this.http);
    this.exports = new Exports(this.http);
    this.billing = new Billing(this.http);
    this.view = new View(this.http);
    this.download = new Download(this.http);
    this.processing = new Processing(this.http);
    this.sharing = new Sharing(this.http);
    this.platform = new Platform(this.http);
  }
}

export class Identity {
  constructor(private readonly http: Http) {}

  register(user: { email: string; password: string; name: string }): Promise<Me> {
    return this.http.json("POST", "/identity/v1/users", { body: user, anonymous: true });
  }

  me(): Promise<Me> {
    return this.http.get("/identity/v1/me");
  }

  async apiKeys(): Promise<ApiKey[]> {
    const keys: ApiKey[] = [];
    for await (const key of this.http.pages<ApiKey>("/identity/v1/api-keys", "api_keys")) keys.push(key);
    return keys;
  }

  /** `expires_in` in seconds. The answer holds the key itself, once. */
  createApiKey(key: { name: string; scope: string; expires_in?: number }): Promise<ApiKey> {
    return this.http.json("POST", "/identity/v1/api-keys", { body: key });
  }

  revokeApiKey(id: string): Promise<void> {
    return this.http.json("DELETE", `/identity/v1/api-keys/${part(id)}`);
  }
}

/** STAC API. */
export class Catalogue {
  constructor(private readonly http: Http) {}

  async conformance(): Promise<string[]> {
    return (await this.http.get<{ conformsTo?: string[] }>("/stac/conformance", {}, { anonymous: true })).conformsTo ?? [];
  }

  /** All collections: `next` links are followed. */
  async collections(): Promise<StacCollection[]> {
    const all: StacCollection[] = [];
    let path: string | undefined = "/stac/collections?limit=100";
    while (path) {
      const page: { collections: StacCollection[]; links?: { rel: string; href: string }[] } = await this.http.get(path);
      all.push(...page.collections);
      path = page.links?.find((link) => link.rel === "next")?.href;
    }
    return all;
  }

  item(collection: string, item: string): Promise<StacItem> {
    return this.http.get(`/stac/collections/${part(collection)}/items/${part(item)}`, {}, { headers: { accept: "application/geo+json, application/json" } });
  }

  search(query: SearchQuery, signal?: AbortSignal): Promise<ItemPage> {
    return this.http.json("POST", "/stac/search", { body: query, signal, repeatable: true, headers: { accept: "application/geo+json, application/json" } });
  }

  /** The page behind a `next` link, or undefined on the last page. */
  next(page: ItemPage, query: SearchQuery, signal?: AbortSignal): Promise<ItemPage> | undefined {
    const link = page.links?.find((candidate) => candidate.rel === "next");
    if (!link) return undefined;
    const method = (link.method ?? "GET").toUpperCase();
    const options: RequestOptions = { signal, repeatable: true, headers: { accept: "application/geo+json, application/json" } };
    if (method === "POST") options.body = { ...((link as { merge?: boolean }).merge ? query : {}), ...((link.body as object | undefined) ?? query) };
    return this.http.json(method, link.href, options);
  }

  /** Every item of a search, page after page. */
  async *all(query: SearchQuery, signal?: AbortSignal): AsyncGenerator<StacItem> {
    let page: ItemPage | undefined = await this.search(query, signal);
    while (page) {
      yield* page.features;
      page = await this.next(page, query, signal);
    }
  }
}

/** Searches that tell of new items. */
export class Searches {
  constructor(private readonly http: Http) {}

  save(search: { name: string; search: SearchQuery; mail?: boolean; webhook?: { url: string } | null; language?: string }): Promise<SavedSearch> {
    return this.http.json("POST", "/discovery/v1/saved-searches", { body: search });
  }

  page(cursor?: string): Promise<{ saved_searches: SavedSearch[]; next: string | null }> {
    return this.http.get("/discovery/v1/saved-searches", { cursor });
  }

  change(id: string, change: { name?: string; state?: "active" | "paused"; mail?: boolean; webhook?: { url: string } | null }): Promise<SavedSearch> {
    return this.http.json("PATCH", `/discovery/v1/saved-searches/${part(id)}`, { body: change, repeatable: true });
  }

  remove(id: string): Promise<void> {
    return this.http.json("DELETE", `/discovery/v1/saved-searches/${part(id)}`);
  }

  matches(id: string, cursor?: string, limit = 10): Promise<{ matches: SearchMatch[]; next: string | null }> {
    return this.http.get(`/discovery/v1/saved-searches/${part(id)}/matches`, { cursor, limit });
  }
}

/** Other catalogues that items are taken from; for administrators. */
export class Harvests {
  constructor(private readonly http: Http) {}

  page(cursor?: string, limit = 50): Promise<{ harvests: Harvest[]; next: string | null }> {
    return this.http.get("/discovery/v1/harvests", { cursor, limit });
  }

  create(harvest: HarvestChange): Promise<Harvest> {
    return this.http.json("POST", "/discovery/v1/harvests", { body: harvest });
  }

  change(id: string, change: HarvestChange): Promise<Harvest> {
    return this.http.json("PATCH", `/discovery/v1/harvests/${part(id)}`, { body: change, repeatable: true });
  }

  remove(id: string): Promise<void> {
    return this.http.json("DELETE", `/discovery/v1/harvests/${part(id)}`);
  }

  /** `everything`: not only what was updated since the last complete run. */
  run(id: string, everything = false): Promise<Harvest> {
    return this.http.json("POST", `/discovery/v1/harvests/${part(id)}/run`, { query: { everything: everything || undefined } });
  }

  runs(id: string, cursor?: string, limit = 10): Promise<{ runs: HarvestRun[]; next: string | null }> {
    return this.http.get(`/discovery/v1/harvests/${part(id)}/runs`, { cursor, limit });
  }

  /** What a run did not take, and why. */
  refusals(id: string, run: number, cursor?: string, limit = 20): Promise<{ refusals: HarvestRefusal[]; next: string | null }> {
    return this.http.get(`/discovery/v1/harvests/${part(id)}/runs/${run}/refusals`, { cursor, limit });
  }
}

/** The public catalogue as files; for administrators. */
export class Exports {
  constructor(private readonly http: Http) {}

  page(cursor?: string, limit = 20): Promise<{ exports: CatalogueExport[]; next: string | null }> {
    return this.http.get("/discovery/v1/exports", { cursor, limit });
  }

  create(format: CatalogueExport["format"], collections?: string[]): Promise<CatalogueExport> {
    return this.http.json("POST", "/discovery/v1/exports", { body: { format, ...(collections?.length ? { collections } : {}) } });
  }

  remove(id: string): Promise<void> {
    return this.http.json("DELETE", `/discovery/v1/exports/${part(id)}`);
  }

  /** The file with the name that it is to have. */
  async file(id: string): Promise<{ name: string; data: Blob }> {
    const answer = await this.http.send("GET", `/discovery/v1/exports/${part(id)}/file`, { headers: { accept: "*/*" } });
    const name = /filename="([^"]+)"/.exec(answer.headers.get("content-disposition") ?? "")?.[1];
    return { name: name ?? id, data: await answer.blob() };
  }
}

export class Billing {
  constructor(private readonly http: Http) {}

  async offers(collection: string, item: string): Promise<Offer[]> {
    return (await this.http.get<{ offers: Offer[] }>("/billing/v1/offers", { collection, item })).offers;
  }

  quote(items: { collection: string; item: string }[], aoi?: Geometry): Promise<Quote> {
    return this.http.json("POST", "/billing/v1/quotes", { body: aoi ? { items, aoi } : { items }, idempotencyKey: newIdempotencyKey() });
  }

  order(quote: string, licences: string[], idempotencyKey: string): Promise<Order> {
    return this.http.json("POST", "/billing/v1/orders", { body: { quote, accept_licences: licences }, idempotencyKey });
  }

  orders(): AsyncGenerator<Order> {
    return this.http.pages<Order>("/billing/v1/orders", "orders");
  }

  /** One page of orders. */
  ordersPage(cursor?: string): Promise<{ orders: Order[]; next?: string | null }> {
    return this.http.get("/billing/v1/orders", { cursor });
  }

  async receipt(order: string): Promise<Blob> {
    return (await this.http.send("GET", `/billing/v1/orders/${part(order)}/receipt`, { headers: { accept: "text/html" } })).blob();
  }

  wallet(): Promise<Wallet> {
    return this.http.get("/billing/v1/wallet");
  }

  transactionsPage(cursor?: string): Promise<{ transactions: WalletTransaction[]; next?: string | null }> {
    return this.http.get("/billing/v1/wallet/transactions", { cursor });
  }

  topup(amount: number, currency: string, idempotencyKey: string): Promise<Topup> {
    return this.http.json("POST", "/billing/v1/topups", { body: { amount, currency }, idempotencyKey });
  }

  topupState(topup: string): Promise<Topup> {
    return this.http.get(`/billing/v1/topups/${part(topup)}`);
  }
}

export class View {
  constructor(private readonly http: Http) {}

  info(collection: string, item: string): Promise<ViewInfo> {
    return this.http.get(`/view/v1/items/${part(collection)}/${part(item)}`);
  }

  async picture(url: string, signal?: AbortSignal): Promise<Blob> {
    return (await this.http.send("GET", url, { headers: { accept: "image/*" }, signal })).blob();
  }
}

export class Download {
  constructor(private readonly http: Http) {}

  list(collection: string, item: string): Promise<Downloads> {
    return this.http.get(`/download/v1/items/${part(collection)}/${part(item)}`);
  }

  /** A link that works without a token until it expires (`expiresIn` seconds). */
  link(collection: string, item: string, asset: string, expiresIn: number): Promise<{ href: string; expires_at: string }> {
    return this.http.json("POST", "/download/v1/links", { body: { collection, item, asset, expires_in: expiresIn }, idempotencyKey: newIdempotencyKey() });
  }

  /** The answer with a file: asked again as long as the file is being made (202), at most `seconds`. */
  async ready(method: "GET" | "HEAD", href: string, signal?: AbortSignal, seconds = 600): Promise<Response> {
    for (const until = Date.now() + seconds * 1000; ; ) {
      const answer = await this.http.send(method, href, { headers: { accept: "*/*" }, signal });
      if (answer.status !== 202 || Date.now() > until) return answer;
      await answer.body?.cancel();
      await pause(Math.min(Number(answer.headers.get("retry-after")) || 2, 30) * 1000, signal);
    }
  }

  /** The bytes, with the count of received ones told as they come. */
  async file(href: string, progress: (received: number, total: number) => void, signal?: AbortSignal): Promise<{ blob: Blob; sha256: string | null }> {
    const answer = await this.ready("GET", href, signal);
    const sha256 = answer.headers.get("x-checksum-sha256");
    const total = Number(answer.headers.get("content-length") ?? 0);
    if (!answer.body) return { blob: await answer.blob(), sha256 };
    const parts: Uint8Array<ArrayBuffer>[] = [];
    let received = 0;
    const reader = answer.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value as Uint8Array<ArrayBuffer>);
      received += value.length;
      progress(received, total);
    }
    return { blob: new Blob(parts, { type: answer.headers.get("content-type") ?? "application/octet-stream" }), sha256 };
  }
}

/** OGC API - Processes, and the package store beside it. */
export class Processing {
  constructor(private readonly http: Http) {}

  async processes(): Promise<ProcessSummary[]> {
    const all: ProcessSummary[] = [];
    let path: string | undefined = "/processing/processes?limit=100";
    while (path) {
      const page: { processes: ProcessSummary[]; links?: { rel: string; href: string }[] } = await this.http.get(path);
      all.push(...page.processes);
      path = page.links?.find((link) => link.rel === "next")?.href;
    }
    return all;
  }

  process(id: string): Promise<ProcessDescription> {
    return this.http.get(`/processing/processes/${part(id)}`);
  }

  estimate(process: string, inputs: Record<string, unknown>): Promise<Estimate> {
    return this.http.json("POST", "/processing/v1/estimates", { body: { process, inputs }, repeatable: true });
  }

  /** Starts an asynchronous job (Part 1, requirement 25: `Prefer: respond-async`). */
  run(process: string, inputs: Record<string, unknown>, idempotencyKey: string): Promise<Job> {
    return this.http.json("POST", `/processing/processes/${part(process)}/execution`, { body: { inputs }, idempotencyKey, headers: { prefer: "respond-async" } });
  }

  async jobs(limit = 50): Promise<Job[]> {
    return (await this.http.get<{ jobs: Job[] }>("/processing/jobs", { limit })).jobs;
  }

  job(id: string): Promise<Job> {
    return this.http.get(`/processing/jobs/${part(id)}`);
  }

  dismiss(id: string): Promise<Job> {
    return this.http.json("DELETE", `/processing/jobs/${part(id)}`);
  }

  results(id: string): Promise<Record<string, unknown>> {
    return this.http.get(`/processing/jobs/${part(id)}/results`);
  }

  async log(id: string): Promise<string> {
    return (await this.http.send("GET", `/processing/jobs/${part(id)}/logs`, { headers: { accept: "text/plain, application/json" } })).text();
  }

  /** Polls until the job has ended; `told` hears every state on the way. */
  async wait(id: string, told: (job: Job) => void = () => {}, signal?: AbortSignal): Promise<Job> {
    for (let wait = 500; ; wait = Math.min(wait * 1.3, 5000)) {
      signal?.throwIfAborted();
      const job = await this.job(id);
      told(job);
      if (job.status !== "accepted" && job.status !== "running") return job;
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }

  async packages(): Promise<Package[]> {
    return (await this.http.get<{ packages: Package[] }>("/processing/v1/packages")).packages;
  }

  deploy(archive: Blob, type: string): Promise<Package> {
    return this.http.json("POST", "/processing/v1/packages?visibility=private", { body: archive, headers: { "content-type": type } });
  }

  undeploy(process: string): Promise<void> {
    return this.http.json("DELETE", `/processing/v1/packages/${part(process)}`);
  }
}

/** Owners of private items let others see and use them. */
export class Sharing {
  constructor(private readonly http: Http) {}

  /** Shares that the caller has given, or received. */
  shares(direction: "given" | "received"): AsyncGenerator<Share> {
    return this.http.pages<Share>("/sharing/v1/shares", "shares", { direction });
  }

  /** `person`: an e-mail address or a user's identifier. Sharing twice is sharing once. */
  share(collection: string, item: string, person: string): Promise<Share> {
    return this.http.json("POST", "/sharing/v1/shares", { body: { collection, item, with: person } });
  }

  revoke(share: string): Promise<void> {
    return this.http.json("DELETE", `/sharing/v1/shares/${part(share)}`);
  }
}

/** What only an administrator may read. */
export class Platform {
  constructor(private readonly http: Http) {}

  async status(): Promise<ModuleStatus[]> {
    return (await this.http.get<{ modules: ModuleStatus[] }>("/platform/v1/status")).modules;
  }

  kpis(): Promise<Kpis> {
    return this.http.get("/statistics/v1/kpis");
  }

  series(metric: string, days: number): Promise<{ metric: string; series: { day: string; value: number }[] }> {
    return this.http.get("/statistics/v1/series", { metric, days });
  }

  /** Hands an event that could not be handled to its module again. */
  replay(module: string, letter: string): Promise<unknown> {
    return this.http.json("POST", `/platform/v1/dead-letters/${part(module)}/${part(letter)}/replay`);
  }

  page(kind: "users" | "orders" | "jobs" | "dead-letters", cursor?: string, limit = 25): Promise<Record<string, unknown>> {
    return this.http.get(`/platform/v1/${kind}`, { cursor, limit });
  }
}
