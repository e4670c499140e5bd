// The client that is tested: the official SDK, with a sign-in for which nobody has to be there.

import { Client, StreamableHTTPClientTransport, UnauthorizedError } from "@modelcontextprotocol/client";

export async function connect(url) {
  const session = new Session();
  const transport = new StreamableHTTPClientTransport(new URL(url), { authProvider: session });
  const client = new Client({ name: "example", version: "1.0.0" });
  try {
    await client.connect(transport);
    return client;
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error;
  }
  await transport.finishAuth(session.callback);
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { authProvider: session }));
  return client;
}

/** What a client remembers of a sign-in (the SDK's OAuthClientProvider). */
class Session {
  redirectUrl = "http://localhost:9/callback"; // nobody listens there: the redirect is read, not followed

  clientMetadata = {
    client_name: "example",
    redirect_uris: [this.redirectUrl],
    grant_types: ["authorization_code", "refresh_token"],
    token_endpoint_auth_method: "none",
  };

  clientInformation = () => this.registered;
  saveClientInformation = (registered) => void (this.registered = registered);
  tokens = () => this.kept;
  saveTokens = (tokens) => void (this.kept = tokens);
  codeVerifier = () => this.verifier;
  saveCodeVerifier = (verifier) => void (this.verifier = verifier);
  discoveryState = () => this.discovered;
  saveDiscoveryState = (discovered) => void (this.discovered = discovered);

  /** Is the browser: with `--sign-in automatic` the authorization server redirects back at once. */
  async redirectToAuthorization(url) {
    const answer = await fetch(url, { redirect: "manual" });
    this.callback = new URL(answer.headers.get("location")).searchParams;
  }
}
