// WorkOS's SDK for Node, asked a line at a time: {"call": "area.method", "with": […], "then": [{"call", "with"}]} gives
// {"value": …} or {"error": {…}}; {"methods": true} gives the names of all that it can do.
//
// node.mjs FOLDER KEY CLIENT_ID PORT: FOLDER is where the package is installed.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const [folder, key, clientId, port] = process.argv.slice(2);
const { WorkOS } = createRequire(`${folder}/`)('@workos-inc/node');
const workos = new WorkOS(key, { clientId, apiHostname: 'localhost', port: Number(port), https: false });

// A method that the declarations call private is one that no app calls.
const PRIVATE = ['isValidJwt', 'prepareAuthenticationResponse', 'resolveClientId', 'sealSessionDataFromAuthenticationResponse'];

function methods() {
  const areas = Object.entries(workos).filter(([, area]) => area && typeof area === 'object');
  return areas.flatMap(([area, value]) => {
    const prototype = Object.getPrototypeOf(value);
    const own = Object.getOwnPropertyDescriptors(prototype);
    const names = Object.keys(own).filter((name) => name !== 'constructor' && typeof own[name].value === 'function');
    return prototype === Object.prototype ? [] : names.filter((n) => !PRIVATE.includes(n)).map((n) => `${area}.${n}`);
  });
}

async function called({ call, with: given = [], then = [] }) {
  const [area, method] = call.split('.');
  let value = await workos[area][method](...given);
  for (const next of then) value = await value[next.call](...(next.with ?? []));
  return value && value.autoPagination ? { data: value.data, listMetadata: value.listMetadata } : value;
}

function told(error) {
  const { name, message, status, code, requestID, error: oauth, errorDescription, errors, rawData } = error;
  return { name, message, status, code, requestID, error: oauth, errorDescription, errors, rawData };
}

for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  let answer;
  try {
    answer = { value: asked.methods ? methods() : (await called(asked)) ?? null };
  } catch (error) {
    answer = { error: told(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
