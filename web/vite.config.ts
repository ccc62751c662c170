import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// Relative addresses everywhere: the same files serve at `/` and under a prefix such as `/katib/`.
export default defineConfig({
  base: "./",
  plugins: [react()],
  build: {
    chunkSizeWarningLimit: 600, // the editor; it comes when someone edits
    outDir: "../src/munshi/web/static",
    emptyOutDir: true,
    // No data: URLs and no inline helpers: the page's policy is `default-src 'self'`.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
  },
  server: { host: "127.0.0.1", proxy: { "/api": "http://127.0.0.1:8399" } },
  test: { include: ["tests/**/*.test.ts"], environment: "node" },
});
