import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { thirdParty } from "./scripts/third-party.ts";

/** Where `npm run dev` finds the server whose API and WebSocket it passes on. */
const server = process.env.SWITCHBOARD_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react(), thirdParty()],
  build: { outDir: "dist", target: "es2022", manifest: true, chunkSizeWarningLimit: 800 },
  server: { proxy: { "/api": { target: server, ws: true } } },
  test: { environment: "happy-dom", include: ["src/**/*.test.ts", "src/**/*.test.tsx"] },
});
