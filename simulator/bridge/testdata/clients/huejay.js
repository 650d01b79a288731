// Pairs with a bridge and operates its first light through huejay.
// Usage: node huejay.js HOST PORT. Prints one JSON object.
'use strict';

const huejay = require('huejay');

async function main(host, port) {
  const stranger = new huejay.Client({ host, port: Number(port) });
  await stranger.bridge.ping();
  const user = await stranger.users.create(new stranger.users.User({ deviceType: 'huejay#test' }));
  const client = new huejay.Client({ host, port: Number(port), username: user.username });
  const authenticated = await client.bridge.isAuthenticated().then(() => true);
  const bridge = await client.bridge.get();
  const lights = await client.lights.getAll();
  const id = lights[0].id;

  const states = [];
  const set = async (attributes) => {
    const light = await client.lights.getById(id);
    Object.assign(light, attributes);
    await client.lights.save(light);
    const after = await client.lights.getById(id);
    states.push({ on: after.on, bri: after.brightness, reachable: after.reachable });
  };
  await set({ on: true, brightness: 100 });
  await set({ brightness: 127 });
  await set({ on: false });
  const group = await client.groups.getById(0);
  group.on = true;
  await client.groups.save(group);
  const after = await client.lights.getById(id);
  states.push({ on: after.on, bri: after.brightness, reachable: after.reachable });
  const users = await client.users.getAll();

  console.log(JSON.stringify({
    bridge: bridge.id, model: bridge.modelId, key: user.username, authenticated,
    lights: lights.map((l) => ({ id: String(l.id), name: l.name, type: l.type })),
    states, groups: (await client.groups.getAll()).length, users: users.length,
  }));
}

main(...process.argv.slice(2)).catch((e) => { console.error(e); process.exit(1); });
