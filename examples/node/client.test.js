// One sandbox for all tests of this file; each test names the world that it needs.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { connect } from "./client.js";
import { Sandbox } from "./sandbox.js";

let sandbox;
before(async () => void (sandbox = await Sandbox.start()));
after(() => sandbox?.stop());

test("the client connects, and sees the tools", async () => {
  await sandbox.use("healthy");
  const client = await connect(sandbox.mcp);
  const { tools } = await client.listTools();
  await client.close();
  assert.ok(tools.some((tool) => tool.name === "search_logs"));
  assert.equal((await sandbox.diagnosis()).broken, false);
});

test("where no client can register, the client says so", async () => {
  await sandbox.use("missing-registration");
  await assert.rejects(connect(sandbox.mcp), /registration/i);
  const [first] = (await sandbox.diagnosis()).findings; // what broke first comes first
  assert.equal(first.id, "dcr-absent");
});

test("with tokens that have expired already, the client does not sign in for ever", async () => {
  await sandbox.use("expired-token");
  await assert.rejects(connect(sandbox.mcp));
  const { exchanges } = await sandbox.ask("GET", "/api/trace");
  assert.equal(exchanges.filter((exchange) => exchange.step === "token").length, 1);
});

test("a world of one's own: the gateway before the token endpoint is down", async () => {
  await sandbox.use({
    title: "The token endpoint is down",
    story: "The gateway in front of it answers 503.",
    step: "token",
    faults: [{ at: "token", status: 503 }],
    expect: { reaches: "authorization" },
    cause: "The gateway is down.",
    fix: "Start it.",
  });
  await assert.rejects(connect(sandbox.mcp), /503/);
  const [first] = (await sandbox.diagnosis()).findings;
  assert.equal(first.step, "token");
});
