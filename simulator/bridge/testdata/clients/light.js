// Prints the state of one light as JSON, read through node-hue-api: a reader
// that shares no code with what it judges.
// Usage: node light.js HOST PORT KEY LIGHT
'use strict';

process.env.NODE_HUE_API_USE_INSECURE_CONNECTION = '1';
const { v3 } = require('node-hue-api');

async function main(host, port, key, light) {
  const api = await v3.api.createInsecureLocal(host, Number(port)).connect(key);
  console.log(JSON.stringify(await api.lights.getLightState(light)));
}

main(...process.argv.slice(2)).catch((e) => { console.error(e.message); process.exit(1); });
