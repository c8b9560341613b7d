import { nadir } from "./api.ts";
import { why } from "./i18n.ts";
import { toasts } from "./toasts.svelte.ts";

/** Shows a receipt in a tab of its own. It is asked for with the token, so a plain link would not do. */
export async function openReceipt(order: string): Promise<void> {
  const tab = window.open("", "_blank");
  try {
    const url = URL.createObjectURL(await nadir.billing.receipt(order));
    if (tab) tab.location.href = url;
    else location.assign(url);
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  } catch (error) {
    tab?.close();
    toasts.show(why(error), "bad");
  }
}
