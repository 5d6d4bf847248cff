import { rename } from "node:fs/promises";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { thirdParty } from "./scripts/third-party.ts";

/**
 * The customer's phone of the simulator. It is a page of its own with its own assets, so that the console (which `serve` ships)
 * never carries a line of it.
 */
export default defineConfig({
  plugins: [
    react(),
    thirdParty(),
    {
      name: "phone-is-the-index",
      async closeBundle() {
        await rename("dist/phone/phone.html", "dist/phone/index.html").catch(() => undefined);
      },
    },
  ],
  base: "./",
  // No folder for the assets: the simulator answers paths of two parts as the Graph API does.
  build: { outDir: "dist/phone", assetsDir: "", target: "es2022", rollupOptions: { input: "phone.html" } },
  server: {
    proxy: { "/simulator": { target: process.env.SIMULATOR_URL ?? "http://127.0.0.1:8090", ws: true } },
  },
});
