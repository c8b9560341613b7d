import type { Me, Wallet } from "@nadir/sdk";
import { prefs } from "@nadir/ui/prefs.svelte.ts";
import { REDIRECT, nadir, oauth } from "./api.ts";
import { t, why } from "./i18n.ts";
import { route } from "./route.svelte.ts";
import { toasts } from "./toasts.svelte.ts";

/** Who is signed in, and what is in the purse. */
class Session {
  me = $state<Me | undefined>();
  wallet = $state<Wallet | undefined>();
  /** False until it is known whether somebody is signed in. */
  ready = $state(false);

  get scientist(): boolean {
    return this.me?.roles.some((role) => role === "scientist" || role === "admin") ?? false;
  }

  get admin(): boolean {
    return this.me?.roles.includes("admin") ?? false;
  }

  async start(): Promise<void> {
    oauth.onExpired = () => {
      this.me = undefined;
      this.wallet = undefined;
      toasts.show(t("session.expired"));
    };
    const url = new URL(location.href);
    try {
      const returnTo = await oauth.finish(url);
      if (returnTo !== undefined) {
        history.replaceState(null, "", `/${returnTo}`);
        route.read();
      } else if (url.pathname !== "/") history.replaceState(null, "", `/${location.hash}`);
    } catch (error) {
      history.replaceState(null, "", `/${location.hash}`);
      toasts.show(why(error), "bad");
    }
    if (oauth.signedIn) {
      try {
        this.me = await nadir.identity.me();
        await this.refreshWallet();
      } catch (error) {
        toasts.show(why(error), "bad");
      }
    }
    this.ready = true;
  }

  async refreshWallet(): Promise<void> {
    if (!this.me) return;
    try {
      this.wallet = await nadir.billing.wallet();
    } catch {
      this.wallet = undefined;
    }
  }

  signIn(): Promise<void> {
    return oauth.signIn(location.hash || "#/", { language: prefs.language });
  }

  /** A new account; its owner comes back signed in. */
  register(): Promise<void> {
    return oauth.signIn(location.hash || "#/", { prompt: "create", language: prefs.language });
  }

  signOut(): Promise<void> {
    return oauth.signOut(REDIRECT);
  }
}

export const session = new Session();
