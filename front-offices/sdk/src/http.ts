import { Problem } from "./problem.js";

export interface TokenSource {
  /** A valid access token, or undefined where nobody is signed in. */
  token(): Promise<string | undefined>;
  /** Called once after a 401; resolves to a fresh token or undefined. */
  renew?(refused: string): Promise<string | undefined>;
}

export interface RequestOptions {
  query?: Record<string, string | number | boolean | undefined | null>;
  /** A plain object is sent as JSON; a Blob, string or URLSearchParams as it is. */
  body?: unknown;
  headers?: Record<string, string>;
  /** The same key is sent on every retry, so that the server does the work once. */
  idempotencyKey?: string;
  signal?: AbortSignal;
  /** Send no token although one is there. */
  anonymous?: boolean;
  attempts?: number;
  /** A POST that changes nothing, such as a search: it may be sent again like a GET. */
  repeatable?: boolean;
}

const RETRIED = new Set([429, 502, 503, 504]);

function raw(body: unknown): body is BodyInit {
  return typeof body === "string" || body instanceof Blob || body instanceof URLSearchParams || body instanceof FormData ||
    body instanceof ArrayBuffer || ArrayBuffer.isView(body);
}

export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}

/** fetch with tokens, problem documents and retries that cannot buy twice. */
export class Http {
  readonly base: string;
  readonly #tokens: TokenSource | undefined;
  readonly #fetch: typeof fetch;

  constructor(base: string, tokens?: TokenSource, fetcher: typeof fetch = (...args) => fetch(...args)) {
    this.base = base.replace(/\/$/, "");
    this.#tokens = tokens;
    this.#fetch = fetcher;
  }

  url(path: string, query?: RequestOptions["query"]): string {
    const url = /^[a-z]+:\/\//i.test(path) ? path : this.base + path;
    const given = Object.entries(query ?? {}).filter((pair): pair is [string, string | number | boolean] =>
      pair[1] !== undefined && pair[1] !== null && pair[1] !== "");
    if (given.length === 0) return url;
    const text = given.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`).join("&");
    return url + (url.includes("?") ? "&" : "?") + text;
  }

  /** The token goes to our own gateway only, never to another host that an answer names. */
  #own(url: string): boolean {
    const here = typeof location === "undefined" ? undefined : location.href;
    const base = new URL(this.base || "/", here);
    return new URL(url, here ?? base).origin === base.origin;
  }

  /** The answer, 2xx or 3xx; anything else throws a Problem. */
  async send(method: string, path: string, options: RequestOptions = {}): Promise<Response> {
    const url = this.url(path, options.query);
    const repeatable = method === "GET" || method === "HEAD" || method === "DELETE" || options.idempotencyKey !== undefined ||
      options.repeatable === true;
    const attempts = repeatable ? (options.attempts ?? 3) : 1;
    const headers: Record<string, string> = { accept: "application/json", ...options.headers };
    if (options.idempotencyKey) headers["idempotency-key"] = options.idempotencyKey;
    let body: BodyInit | undefined;
    if (options.body !== undefined) {
      body = raw(options.body) ? options.body : JSON.stringify(options.body);
      if (!raw(options.body)) headers["content-type"] ??= "application/json";
    }
    let token = options.anonymous || !this.#own(url) ? undefined : await this.#tokens?.token();
    let renewed = false;
    for (let attempt = 1; ; attempt++) {
      if (token) headers.authorization = `Bearer ${token}`;
      let answer: Response;
      try {
        answer = await this.#fetch(url, { method, headers, body, signal: options.signal ?? null });
      } catch (error) {
        if (options.signal?.aborted) throw error;
        if (attempt >= attempts) throw new Problem(0, { title: "The server cannot be reached." });
        await pause(200 * 2 ** attempt * (0.5 + Math.random()), options.signal);
        continue;
      }
      if (answer.status === 401 && token && !renewed && this.#tokens?.renew) {
        renewed = true;
        const fresh = await this.#tokens.renew(token);
        if (fresh && fresh !== token) {
          token = fresh;
          attempt--;
          continue;
        }
      }
      if (answer.ok) return answer;
      if (RETRIED.has(answer.status) && attempt < attempts) {
        const wait = Number(answer.headers.get("retry-after"));
        await pause(Math.min(wait > 0 ? wait * 1000 : 200 * 2 ** attempt * (0.5 + Math.random()), 10_000), options.signal);
        continue;
      }
      throw await Problem.from(answer);
    }
  }

  async json<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
    const answer = await this.send(method, path, options);
    if (answer.status === 204) return undefined as T;
    const text = await answer.text();
    return (text ? JSON.parse(text) : undefined) as T;
  }

  get<T>(path: string, query?: RequestOptions["query"], options: RequestOptions = {}): Promise<T> {
    return this.json<T>("GET", path, { ...options, query });
  }

  /** Every element of a cursor list, fetched page by page as they are consumed. */
  async *pages<T>(path: string, member: string, query: RequestOptions["query"] = {}): AsyncGenerator<T> {
    let cursor: string | undefined;
    do {
      const page = await this.get<Record<string, unknown>>(path, { ...query, cursor });
      yield* (page[member] as T[] | undefined) ?? [];
      cursor = typeof page.next === "string" ? page.next : undefined;
    } while (cursor);
  }
}
