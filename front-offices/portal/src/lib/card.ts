import type { Topup } from "@nadir/sdk";

/* The payment provider's own script draws the card form and sends the card to the provider; no card number passes through Nadir. */

interface PaymentElement { mount(target: HTMLElement): void }
interface Elements { create(type: "payment", options?: object): PaymentElement }
interface Confirmed { error?: { message?: string }; paymentIntent?: { status: string } }
interface StripeInstance {
  elements(options: { clientSecret: string; appearance?: object; locale?: string }): Elements;
  confirmPayment(options: { elements: Elements; redirect: "if_required"; confirmParams?: object }): Promise<Confirmed>;
}
declare global {
  interface Window { Stripe?: (publishableKey: string) => StripeInstance }
}

export interface CardForm { stripe: StripeInstance; elements: Elements }

const loaded = new Map<string, Promise<void>>();

function load(script: string): Promise<void> {
  let loading = loaded.get(script);
  if (!loading) {
    loading = new Promise<void>((resolve, reject) => {
      const element = document.createElement("script");
      element.src = script;
      element.async = true;
      element.onload = () => resolve();
      element.onerror = () => {
        loaded.delete(script);
        element.remove();
        reject(new Error("The payment provider's form could not be loaded."));
      };
      document.head.append(element);
    });
    loaded.set(script, loading);
  }
  return loading;
}

export async function mountCard(topup: Topup, target: HTMLElement): Promise<CardForm> {
  if (!topup.script || !topup.publishable_key || !topup.client_secret) throw new Error("The server named no payment provider.");
  await load(topup.script);
  if (!window.Stripe) throw new Error("The payment provider's form could not be loaded.");
  const stripe = window.Stripe(topup.publishable_key);
  const dark = document.documentElement.dataset.theme === "dark";
  const elements = stripe.elements({ clientSecret: topup.client_secret, appearance: { theme: dark ? "night" : "stripe" }, locale: document.documentElement.lang });
  elements.create("payment").mount(target);
  return { stripe, elements };
}

/** Resolves to the provider's sentence when the card was refused, to undefined when it was taken. */
export async function confirmCard(form: CardForm): Promise<string | undefined> {
  const answer = await form.stripe.confirmPayment({ elements: form.elements, redirect: "if_required", confirmParams: { return_url: location.href } });
  return answer.error ? (answer.error.message ?? "The card was refused.") : undefined;
}
