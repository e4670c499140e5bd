// Runs a sandbox for as long as the tests run, and steers it. Copy this file; it needs nothing but Node.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const FREE_PORTS = ["workos", "mcp", "console", "other"].flatMap((name) => [`--${name}-port`, "0"]);

export class Sandbox {
  /** Starts one, and waits until it is ready. `sandbox` must be on the PATH. */
  static async start(scenario = "healthy") {
    const folder = await mkdtemp(join(tmpdir(), "sandbox-"));
    const options = ["--json", "--until-eof", "--sign-in", "automatic", "--state-dir", folder, ...FREE_PORTS];
    // Standard input stays open for as long as this program lives. However it ends, the sandbox ends with it.
    const child = spawn("sandbox", ["up", scenario, ...options], { stdio: ["pipe", "pipe", "inherit"] });
    const lines = createInterface({ input: child.stdout });
    const [line] = await Promise.race([
      once(lines, "line"), // its first line says where everything is, or why it did not start
      once(child, "close").then(([code]) => Promise.reject(new Error(`sandbox up ended with exit code ${code}`))),
    ]);
    const said = JSON.parse(line);
    if (!said.ready) {
      await rm(folder, { recursive: true });
      throw new Error(said.error);
    }
    lines.resume(); // an exchange or a finding a line from now on; here they are asked for instead
    return new Sandbox(child, folder, said);
  }

  constructor(child, folder, { mcp, workos, console }) {
    Object.assign(this, { child, folder, mcp, workos, console });
  }

  /** Switches to a scenario, by name or whole, and forgets all that happened: clients, sessions, exchanges. */
  async use(scenario) {
    await this.ask("PUT", "/api/scenario", typeof scenario === "string" ? { name: scenario } : scenario);
    this.mcp = (await this.ask("POST", "/api/reset")).mcp; // some scenarios have another URL
  }

  /** Says whether something is `broken`, read from the exchanges since the switch, and gives the `findings`. */
  diagnosis() {
    return this.ask("GET", "/api/findings");
  }

  async ask(method, path, body) {
    const headers = { "Content-Type": "application/json" };
    const response = await fetch(this.console + path, { method, headers, body: body && JSON.stringify(body) });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.error);
    return answer;
  }

  async stop() {
    this.child.stdin.end();
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, "close");
    await rm(this.folder, { recursive: true });
  }
}
