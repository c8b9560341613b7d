import { defineConfig } from "vite";
import { svelte } from "@sveltejs/vite-plugin-svelte";

/** `NADIR_URL` names the gateway that the development server talks to. */
const gateway = process.env.NADIR_URL ?? "http://127.0.0.1:8080";
const doors = ["oauth2", "identity", "statistics", "platform", "billing", "discovery"];

export default defineConfig({
  root: import.meta.dirname,
  base: "/backoffice/",
  plugins: [svelte({ compilerOptions: { runes: true } })],
  build: { target: "es2022", assetsInlineLimit: 0 },
  server: { host: "127.0.0.1", proxy: Object.fromEntries(doors.map((door) => [`/${door}`, { target: gateway, changeOrigin: false }])) },
});
