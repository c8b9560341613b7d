import { defineConfig } from "vitest/config";
import { svelte } from "@sveltejs/vite-plugin-svelte";

export default defineConfig({ plugins: [svelte()], test: { include: ["portal/test/**/*.test.ts"], environment: "node" } });
