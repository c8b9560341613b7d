import { Problem } from "./problem.js";
import type { TokenSource } from "./http.js";

export interface OAuthOptions {
  /** Gateway, no trailing slash; empty for the page's own origin. */
  base: string;
  clientId: string;
  redirectUri: string;
  scope: string;
}

interface Tokens {
  access: string;
  refresh?: string;
  id?: string;
  /** Milliseconds since 1970. */
  expires: number;
}

interface Attempt {
  state: string;
  nonce: string;
  verifier: string;
  returnTo: string;
}

const EARLY_MS = 30_000;

function random(bytes: number): string {
  return base64url(crypto.getRandomValues(new Uint8Array(bytes)));
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** RFC 7636 section 4.2, method S256. */
export async function challengeOf(verifier: string): Promise<string> {
  return base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))));
}

function claimsOf(token: string): Record<string, unknown> {
  const part = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(part), (c) => c.charCodeAt(0)))) as Record<string, unknown>;
}

/**
 * Authorization code flow with PKCE for a public browser client. Tokens live in memory and in sessionStorage (gone with the tab);
 * every refresh rotates the refresh token, and only one refresh runs at a time.
 */
export class OAuth implements TokenSource {
  readonly #options: OAuthOptions;
  readonly #key: string;
  #tokens: Tokens | undefined;
  #refreshing: Promise<string | undefined> | undefined;
  /** Called when the session has ended without the user asking for it. */
  onExpired: () => void = () => {};

  constructor(options: OAuthOptions) {
    this.#options = options;
    this.#key = `nadir.${options.clientId}`;
    try {
      const kept = sessionStorage.getItem(`${this.#key}.tokens`);
      if (kept) this.#tokens = JSON.parse(kept) as Tokens;
    } catch {
      this.#tokens = undefined;
    }
  }

  get signedIn(): boolean {
    return this.#tokens !== undefined;
  }

  /** Leaves the page for identity's sign-in form, or with `prompt: "create"` for its registration form. */
  async signIn(returnTo: string, hints: { email?: string; prompt?: "create" | "login"; language?: string } = {}): Promise<void> {
    const attempt: Attempt = { state: random(24), nonce: random(24), verifier: random(48), returnTo };
    sessionStorage.setItem(`${this.#key}.attempt`, JSON.stringify(attempt));
    const query = new URLSearchParams({
      response_type: "code",
      client_id: this.#options.clientId,
      redirect_uri: this.#options.redirectUri,
      scope: this.#options.scope,
      state: attempt.state,
      nonce: attempt.nonce,
      code_challenge: await challengeOf(attempt.verifier),
      code_challenge_method: "S256",
    });
    if (hints.email) query.set("login_hint", hints.email);
    if (hints.prompt) query.set("prompt", hints.prompt);
    if (hints.language) query.set("ui_locales", hints.language);
    location.assign(`${this.#options.base}/oauth2/authorize?${query}`);
  }

  /**
   * Finishes a sign-in if `url` is the answer to one. Resolves to where the user came from, or undefined if the URL is none of ours.
   * Throws a Problem when identity refused.
   */
  async finish(url: URL): Promise<string | undefined> {
    const code = url.searchParams.get("code");
    const error = url.searchParams.get("error");
    const state = url.searchParams.get("state");
    if (!state || (!code && !error)) return undefined;
    const kept = sessionStorage.getItem(`${this.#key}.attempt`);
    sessionStorage.removeItem(`${this.#key}.attempt`);
    const attempt = kept ? (JSON.parse(kept) as Attempt) : undefined;
    if (!attempt || attempt.state !== state) throw new Problem(400, { type: "state-mismatch", title: "This sign-in was not started here. Please sign in again." });
    if (error) throw new Problem(400, { type: error, title: error, detail: url.searchParams.get("error_description") ?? undefined });
    const tokens = await this.#exchange({
      grant_type: "authorization_code",
      code: code ?? "",
      redirect_uri: this.#options.redirectUri,
      code_verifier: attempt.verifier,
    });
    if (tokens.id && claimsOf(tokens.id).nonce !== attempt.nonce) {
      this.#keep(undefined);
      throw new Problem(400, { type: "nonce-mismatch", title: "The answer does not belong to this sign-in. Please sign in again." });
    }
    return attempt.returnTo;
  }

  async token(): Promise<string | undefined> {
    const tokens = this.#tokens;
    if (!tokens) return undefined;
    if (Date.now() < tokens.expires - EARLY_MS) return tokens.access;
    return this.#refresh();
  }

  async renew(refused: string): Promise<string | undefined> {
    if (this.#tokens && this.#tokens.access !== refused) return this.#tokens.access;
    return this.#refresh();
  }

  /** Revokes the refresh token, forgets everything and leaves for identity's logout page, which returns to `returnUri`. */
  async signOut(returnUri: string): Promise<void> {
    const tokens = this.#tokens;
    this.#keep(undefined);
    const { base, clientId } = this.#options;
    if (tokens) {
      const body = new URLSearchParams({ token: tokens.refresh ?? tokens.access, client_id: clientId });
      await fetch(`${base}/oauth2/revoke`, { method: "POST", body }).catch(() => undefined);
    }
    const query = new URLSearchParams({ client_id: clientId, post_logout_redirect_uri: returnUri });
    if (tokens?.id) query.set("id_token_hint", tokens.id);
    location.assign(`${base}/oauth2/logout?${query}`);
  }

  #refresh(): Promise<string | undefined> {
    this.#refreshing ??= this.#refreshOnce().finally(() => (this.#refreshing = undefined));
    return this.#refreshing;
  }

  async #refreshOnce(): Promise<string | undefined> {
    const refresh = this.#tokens?.refresh;
    try {
      if (!refresh) throw new Problem(401, { type: "session-ended" });
      return (await this.#exchange({ grant_type: "refresh_token", refresh_token: refresh })).access;
    } catch (error) {
      // A server that is away for a moment ends no session: only a refusal does.
      if (error instanceof Problem && error.status >= 400 && error.status < 500 && error.status !== 429) {
        this.#keep(undefined);
        this.onExpired();
        return undefined;
      }
      throw error;
    }
  }

  async #exchange(grant: Record<string, string>): Promise<Tokens> {
    const body = new URLSearchParams({ ...grant, client_id: this.#options.clientId });
    let answer: Response;
    try {
      answer = await fetch(`${this.#options.base}/oauth2/token`, { method: "POST", body, headers: { accept: "application/json" } });
    } catch {
      throw new Problem(0, { title: "The server cannot be reached." });
    }
    if (!answer.ok) throw await Problem.from(answer);
    const given = (await answer.json()) as { access_token: string; refresh_token?: string; id_token?: string; expires_in?: number };
    const tokens: Tokens = {
      access: given.access_token,
      refresh: given.refresh_token ?? this.#tokens?.refresh,
      id: given.id_token ?? this.#tokens?.id,
      expires: Date.now() + (given.expires_in ?? 300) * 1000,
    };
    this.#keep(tokens);
    return tokens;
  }

  #keep(tokens: Tokens | undefined): void {
    this.#tokens = tokens;
    if (tokens) sessionStorage.setItem(`${this.#key}.tokens`, JSON.stringify(tokens));
    else sessionStorage.removeItem(`${this.#key}.tokens`);
  }
}
