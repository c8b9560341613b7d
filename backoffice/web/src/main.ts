import "@nadir/ui/tokens.css";
import "uplot/dist/uPlot.min.css";
import { mount } from "svelte";
import { prefs } from "@nadir/ui/prefs.svelte.ts";
import { texts } from "./i18n.ts";
import App from "./App.svelte";

const target = document.getElementById("app");
await texts.use(prefs.language);
if (target) mount(App, { target });
