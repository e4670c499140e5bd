// The smallest program around the MCP TypeScript SDK's OAuth client: connect, list the tools, call one.
//
// `node typescript_sdk.mjs GENERATION URL` with GENERATION 1 or 2. What it is told it keeps in client.json beside it,
// so that it comes back with the tokens it had. It exits with 0 when all worked, and with 1 and the error when not.

import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";

const TOOL = { name: "search_logs", arguments: { query: "call-me-back" } };
const [generation, url] = process.argv.slice(2);

const sdk =
  generation === "1"
    ? {
        ...(await import("@modelcontextprotocol/sdk/client/index.js")),
        ...(await import("@modelcontextprotocol/sdk/client/streamableHttp.js")),
        ...(await import("@modelcontextprotocol/sdk/client/auth.js")),
      }
    : await import("@modelcontextprotocol/client");

const file = new URL("client.json", import.meta.url);
let kept = {};
try {
  kept = JSON.parse(readFileSync(file, "utf8"));
} catch {
  // It is the first time.
}
const keep = (what) => writeFileSync(file, JSON.stringify(Object.assign(kept, what)));

// The browser comes back to a loopback address (RFC 8252, section 7.3), on the port that was registered.
const returns = [];
let waiting;
const server = createServer((request, response) => {
  const asked = new URL(request.url, "http://localhost");
  response.end("Done");
  if (asked.pathname === "/callback") returns.push(asked.searchParams);
  waiting?.();
});
await new Promise((resolve) => server.listen(kept.port ?? 0, "127.0.0.1", resolve));
keep({ port: server.address().port });

async function cameBack() {
  while (returns.length === 0) await new Promise((resolve) => (waiting = resolve));
  return returns.shift();
}

const FORGOTTEN = {
  all: ["client", "tokens", "verifier", "discovery"],
  client: ["client"],
  tokens: ["tokens"],
  verifier: ["verifier"],
  discovery: ["discovery"],
};
const provider = {
  redirectUrl: `http://localhost:${kept.port}/callback`,
  clientMetadata: {
    client_name: "MCP TypeScript SDK",
    redirect_uris: [`http://localhost:${kept.port}/callback`],
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
  },
  clientInformation: () => kept.client,
  saveClientInformation: (client) => keep({ client }),
  tokens: () => kept.tokens,
  saveTokens: (tokens) => keep({ tokens }),
  codeVerifier: () => kept.verifier,
  saveCodeVerifier: (verifier) => keep({ verifier }),
  discoveryState: () => kept.discovery,
  saveDiscoveryState: (discovery) => keep({ discovery }),
  invalidateCredentials: (scope) => keep(Object.fromEntries(FORGOTTEN[scope].map((name) => [name, undefined]))),
  redirectToAuthorization: (target) => void spawn(process.env.BROWSER, [target.href], { stdio: "inherit" }),
};

async function used(transport) {
  const client = new sdk.Client({ name: "mcp-typescript-sdk", version: generation });
  await client.connect(transport);
  const { tools } = await client.listTools();
  const { isError, content } = await client.callTool(TOOL);
  if (isError) throw new Error(content.map((part) => part.text).join(" "));
  return `Connected: ${tools.length} tools, ${TOOL.name} answered.`;
}

async function finished(transport, fields) {
  if (generation === "2") return transport.finishAuth(fields);
  // Generation 1 reads the code alone; what else came back is the program's to look at.
  if (fields.has("error")) throw new Error(`${fields.get("error")}: ${fields.get("error_description") ?? ""}`);
  return transport.finishAuth(fields.get("code"));
}

const PATIENCE = 3; // How often a person would sign in before giving up.
for (let signIns = 0; ; signIns++) {
  const transport = new sdk.StreamableHTTPClientTransport(new URL(url), { authProvider: provider });
  try {
    try {
      console.log(await used(transport));
      process.exit(0);
    } catch (error) {
      if (!(error instanceof sdk.UnauthorizedError) || signIns === PATIENCE) throw error;
      await finished(transport, await cameBack());
    }
  } catch (error) {
    for (let cause = error; cause; cause = cause.cause) console.error(`${cause.name}: ${cause.message}`);
    process.exit(1);
  }
}
