/** A server nobody has used yet, in a process of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "@playwright/test";

/** The program to start; `cargo xtask` names the one it has built. */
export const PROGRAM = process.env.SWITCHBOARD_BIN;

async function freeTcp(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

async function freeUdp(): Promise<number> {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address();
  socket.close();
  return port;
}

export class NewServer {
  /** What it has printed. */
  said = "";
  private readonly process: ChildProcess;
  private readonly folder: string;

  /** Where it is reached. */
  readonly url: string;

  private constructor(process: ChildProcess, folder: string, url: string) {
    this.process = process;
    this.folder = folder;
    this.url = url;
    for (const stream of [process.stdout, process.stderr]) stream?.on("data", (part) => (this.said += String(part)));
  }

  /** `settings`: what is set besides. `demo` brings a simulator of its own, on a port of its own. */
  static async start(program: string, verb: "serve" | "demo" = "serve", settings: Record<string, string> = {}) {
    const folder = await mkdtemp(join(tmpdir(), "switchboard-new-"));
    const env = {
      PATH: process.env.PATH,
      SWITCHBOARD_LISTEN: `127.0.0.1:${await freeTcp()}`,
      SWITCHBOARD_MEDIA_AGENT_PORT: String(await freeUdp()),
      SWITCHBOARD_DATA_DIR: folder,
      // Nobody is called here, and nothing is asked of the world outside.
      ...(verb === "serve"
        ? { SWITCHBOARD_GRAPH_URL: process.env.SIMULATOR_URL }
        : { SWITCHBOARD_SIMULATOR_LISTEN: `127.0.0.1:${await freeTcp()}` }),
      ...settings,
    };
    return new NewServer(spawn(program, [verb], { env }), folder, `http://${env.SWITCHBOARD_LISTEN}`);
  }

  /** The link to the first account, as the server prints it. */
  async link(): Promise<string> {
    const found = () => /http:\/\/\S+\/welcome\?code=[0-9a-f]+(?=\s)/.exec(`${this.said} `)?.[0] ?? null;
    await expect.poll(found, { message: `the link in what the server says` }).not.toBeNull();
    return found() ?? "";
  }

  async ready() {
    const answers = () =>
      fetch(`${this.url}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      );
    await expect.poll(answers, { message: "the server is ready", timeout: 20_000 }).toBe(true);
  }

  async stop() {
    if (this.process.exitCode === null) {
      const ended = once(this.process, "exit");
      this.process.kill("SIGTERM");
      await ended;
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}
