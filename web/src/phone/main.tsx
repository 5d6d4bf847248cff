import "@fontsource/ibm-plex-sans/latin-400.css";
import "@fontsource/ibm-plex-sans/latin-500.css";
import "@fontsource/ibm-plex-sans/latin-600.css";
import "@fontsource/ibm-plex-mono/latin-400.css";
import "../styles/tokens.css";
import "../styles/base.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { startTexts } from "../lib/i18n";
import { PhonePage } from "./phone-page";

/** The tokens follow the same mark as in the console; here nobody chooses, so the system decides. */
function followTheSystem() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    document.documentElement.dataset.mantineColorScheme = dark.matches ? "dark" : "light";
  };
  dark.addEventListener("change", apply);
  apply();
}

async function start() {
  followTheSystem();
  await startTexts(new URLSearchParams(location.search).get("lang"), "phone");
  const root = document.getElementById("root");
  if (root === null) throw new Error("phone.html has a #root");
  createRoot(root).render(
    <StrictMode>
      <PhonePage />
    </StrictMode>,
  );
}

void start();
