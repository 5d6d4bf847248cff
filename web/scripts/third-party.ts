/** Names everything of others that a build contains, with its licence: `third-party.txt`, beside the pages. Their licences ask for it. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

interface Package {
  name: string;
  version: string;
  license: string;
}

const FOLDER = /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//;

/** The folders of the packages that these modules come from. */
function folders(modules: Iterable<string>): string[] {
  const found = new Set<string>();
  for (const id of modules) {
    const folder = FOLDER.exec(id.replace("\0", ""))?.[1];
    if (folder !== undefined && existsSync(join(folder, "package.json"))) found.add(folder);
  }
  return [...found].sort();
}

function entry(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Package;
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  const text = file === undefined ? "(The package brings no licence text.)" : readFileSync(join(folder, file), "utf8");
  return `${name} ${version}\nLicence: ${license}\n\n${text.trim()}\n`;
}

export function thirdParty(): Plugin {
  return {
    name: "third-party",
    apply: "build",
    generateBundle() {
      const line = `\n${"-".repeat(80)}\n\n`;
      const source = [
        "Software and fonts of others in these pages, and their licences.\n",
        ...folders(this.getModuleIds()).map(entry),
      ].join(line);
      this.emitFile({ type: "asset", fileName: "third-party.txt", source });
    },
  };
}
