import "@nadir/ui/tokens.css";
import "ol/ol.css";
import "./portal.css";
import { mount } from "svelte";
import { prefs } from "@nadir/ui/prefs.svelte.ts";
import { texts } from "./lib/i18n.ts";
import App from "./App.svelte";

const target = document.getElementById("app");
await texts.use(prefs.language);
if (target) mount(App, { target });
