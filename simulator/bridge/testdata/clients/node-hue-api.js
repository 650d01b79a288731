// Pairs with a bridge and operates its first light through node-hue-api.
// Usage: node node-hue-api.js HOST PORT. Prints one JSON object.
'use strict';

process.env.NODE_HUE_API_USE_INSECURE_CONNECTION = '1'; // no warning: a loopback port has no HTTPS on 443
const { v3 } = require('node-hue-api');

async function main(host, port) {
  const stranger = await v3.api.createInsecureLocal(host, Number(port)).connect();
  const paired = await stranger.users.createUser('node-hue-api', 'test');
  const api = await v3.api.createInsecureLocal(host, Number(port)).connect(paired.username);
  const config = await api.configuration.getConfiguration();
  const lights = await api.lights.getAll();
  const id = lights[0].id;

  const states = [];
  const note = async () => {
    const s = await api.lights.getLightState(id);
    states.push({ on: s.on, bri: s.bri, reachable: s.reachable });
  };
  await api.lights.setLightState(id, new v3.lightStates.LightState().on().bri(100));
  await note();
  await api.lights.setLightState(id, new v3.lightStates.LightState().brightness(50));
  await note();
  await api.lights.setLightState(id, new v3.lightStates.LightState().off());
  await note();
  await api.groups.setGroupState(0, new v3.lightStates.GroupLightState().on());
  await note();
  const groups = await api.groups.getAll();
  const all = await api.configuration.getAll();
  const capabilities = await api.capabilities.getAll();

  console.log(JSON.stringify({
    bridge: config.bridgeid, model: config.modelid, key: paired.username, clientkey: paired.clientkey,
    lights: lights.map((l) => ({ id: String(l.id), name: l.name, type: l.type })),
    states, groups: groups.length, sections: Object.keys(all).sort(), room: capabilities.lights.available,
  }));
}

main(...process.argv.slice(2)).catch((e) => { console.error(e); process.exit(1); });
